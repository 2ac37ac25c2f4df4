internal import MemoStore

/// A loop's connections by slot. A slot is used again under another generation, so that a late message or event
/// for the connection before finds no one. Not copyable: whoever looks something up would hold all of it meanwhile.
struct ConnectionTable: ~Copyable {
    private struct Slot {
        var connection: Connection?
        var generation: UInt32 = 0
    }

    let loop: Int
    private var slots: ContiguousArray<Slot> = []
    private var free: [Int] = []
    /// Kept until no one is at work on them, so that whoever is need not hold them.
    private var removed: [Connection] = []
    private(set) var count = 0

    init(loop: Int) {
        self.loop = loop
    }

    /// Puts the connection that `make` returns for the name it is given into a free slot.
    mutating func insert(_ make: (ConnectionID) -> Connection) -> Connection {
        let slot: Int
        if let last = free.popLast() {
            slot = last
        } else {
            slot = slots.count
            slots.append(Slot())
        }
        slots[slot].generation &+= 1
        let connection = make(ConnectionID(loop: loop, slot: slot, generation: slots[slot].generation))
        slots[slot].connection = connection
        count += 1
        return connection
    }

    mutating func remove(_ id: ConnectionID) {
        precondition(self[id] != nil)
        if let connection = exchange(&slots[id.slot].connection, with: nil) { removed.append(connection) }
        free.append(id.slot)
        count -= 1
    }

    /// Lets go of those that were removed.
    mutating func releaseRemoved() {
        if !removed.isEmpty { removed.removeAll(keepingCapacity: removed.capacity <= 1024) }
    }

    subscript(id: ConnectionID) -> Connection? { reference(id)?.takeUnretainedValue() }

    /// As the subscript; valid until `releaseRemoved`.
    func reference(_ id: ConnectionID) -> Unmanaged<Connection>? {
        guard id.slot < slots.count, slots[id.slot].generation == id.generation else { return nil }
        return slots.withUnsafeBufferPointer { $0[id.slot].connection.map { .passUnretained($0) } }
    }

    subscript(slot slot: Int) -> Connection? { slots[slot].connection }

    var all: [Connection] { slots.compactMap(\.connection) }
}
