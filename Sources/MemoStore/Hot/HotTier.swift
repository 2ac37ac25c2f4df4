internal import CLinux

/// Which entries are in memory, and how much of it they take.
struct HotTier {
    /// In no order; an entry's place is in its payload.
    private(set) var slots: ContiguousArray<Slot> = []
    private var entryBytes = 0
    var limit: Int
    /// Values that entries share.
    let interned: InternTable
    /// Who has put how much since it took more than its budget.
    private var shares = QueueShares()
    private var drawnPlaces = Samples(repeating: Entry.none)
    private var drawnSlots = Samples(repeating: Entry.none)

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

    // MARK: who fills it

    /// Someone put this many bytes.
    @inline(__always)
    mutating func note(_ bytes: Int, of writer: QueueWriter) {
        if isOver || !shares.isEmpty { noteShare(bytes, of: writer) }
    }

    @inline(never)
    private mutating func noteShare(_ bytes: Int, of writer: QueueWriter) {
        if isOver { shares.note(bytes, of: writer) } else { shares.removeAll() }
    }

    /// Whether someone may add this many bytes though it is over its budget.
    func mayExceed(_ writer: QueueWriter, adding bytes: Int, of room: Int) -> Bool {
        shares.mayExceed(writer, adding: bytes, of: room)
    }

    // MARK: eviction

    /// As many as Redis draws.
    static let samples = 5
    typealias Samples = InlineArray<5, Slot>

    /// Draws entries at random, ahead of time. They lie anywhere in memory, and to wait for each of them would take most of an
    /// eviction's time: so first their places in the list are fetched into the processor's caches, by the next eviction
    /// they themselves, and looked at only by the one after that.
    /// - Returns: entries that were in memory when they were drawn, and `Entry.none` if none was.
    mutating func draw(_ entries: borrowing EntryIndex, _ random: inout RandomSource) -> Samples {
        let drawn = drawnSlots
        for index in drawnPlaces.indices {
            let place = Int(drawnPlaces[index])
            drawnSlots[index] = place < count ? slots[place] : Entry.none
            entries.prefetch(drawnSlots[index])
        }
        guard count > 0 else { return drawn }
        for index in drawnPlaces.indices {
            let place = random.below(count)
            drawnPlaces[index] = Slot(place)
            slots.withUnsafeBufferPointer { memod_prefetch($0.baseAddress.unsafelyUnwrapped + place) }
        }
        return drawn
    }
}
