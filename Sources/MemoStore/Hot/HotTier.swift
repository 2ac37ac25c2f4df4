internal import CLinux

/// Which entries are in memory, and how much of it they take.
struct HotTier {
    /// In no order; an entry's place is in its payload.
    private(set) var slots: ContiguousArray<Slot> = []
    private var entryBytes = 0
    var limit: Int
    /// Values that entries share.
    let interned: InternTable

    init(limit: Int, interned: InternTable) {
        self.limit = limit
        self.interned = interned
    }

    /// What an entry takes beside its payload: its places in the index, in the hash table and in `slots`.
    static let overhead = MemoryLayout<Entry>.stride + 2 * MemoryLayout<Slot>.stride

    /// What an entry takes, but for a value that it shares.
    static func bytes(of payload: Payload) -> Int { payload.footprint + overhead }

    var count: Int { slots.count }
    /// Memory of all of it.
    var bytes: Int { entryBytes + interned.bytes }
    var isOver: Bool { bytes > limit }

    /// `slots[place]` is about to be read.
    func prefetch(_ place: Int) {
        slots.withUnsafeBufferPointer { memod_prefetch($0.baseAddress.unsafelyUnwrapped + place) }
    }

    /// Takes over the caller's hold on the payload.
    mutating func insert(_ slot: Slot, _ payload: Payload) {
        payload.hotIndex = UInt32(slots.count)
        slots.append(slot)
        entryBytes += Self.bytes(of: payload)
    }

    /// Takes an entry off the list; the hold on its payload goes to the caller.
    mutating func remove(_ payload: Payload, in entries: borrowing EntryIndex) {
        let index = Int(payload.hotIndex)
        let last = slots.removeLast()
        if index < slots.count {
            slots[index] = last
            entries[last].payload!.hotIndex = UInt32(index)
        }
        payload.hotIndex = Payload.nowhere
        entryBytes -= Self.bytes(of: payload)
    }

    /// Forgets all entries, whose payloads the caller has released.
    mutating func removeAll() {
        slots = []
        entryBytes = 0
    }
}
