internal import CLinux

/// Where values written not long ago are, by their hashes: a table of fixed size, four places a set, in which
/// a value that is met again moves to the front and a new one takes the last place. What it says is a hint:
/// the row may be gone, or have another value with the same hash.
struct RecentValues: ~Copyable {
    enum Place: Equatable {
        /// In the row of the entry itself.
        case entry(Int64)
        /// In a row of `shared_value`.
        case shared(Int64)
    }

    private struct Position {
        var hash: UInt64 = 0
        /// An entry's row, a shared value's negated, or 0: empty.
        var row: Int64 = 0
    }

    static let sets = 16384
    static let ways = 4
    static var bytes: Int { sets * ways * MemoryLayout<Position>.stride }

    private let slots = UnsafeMutablePointer<Position>.allocate(capacity: sets * ways)

    init() { slots.initialize(repeating: Position(), count: Self.sets * Self.ways) }

    deinit { slots.deallocate() }

    private func set(of hash: UInt64) -> UnsafeMutablePointer<Position> {
        slots + Int(hash % UInt64(Self.sets)) * Self.ways
    }

    /// Has the memory fetched that `find` will read: with many values it is a cache miss.
    func prefetch(_ hash: UInt64) { memod_prefetch(set(of: hash)) }

    func find(_ hash: UInt64) -> Place? {
        let set = set(of: hash)
        for way in 0..<Self.ways where set[way].hash == hash && set[way].row != 0 {
            return set[way].row > 0 ? .entry(set[way].row) : .shared(-set[way].row)
        }
        return nil
    }

    mutating func remember(_ hash: UInt64, at place: Place) {
        let row =
            switch place {
            case .entry(let row): row
            case .shared(let row): -row
            }
        let set = set(of: hash)
        var way = 0
        while way < Self.ways - 1, set[way].hash != hash || set[way].row == 0 { way += 1 }
        guard set[way].hash == hash, set[way].row != 0 else {
            set[Self.ways - 1] = Position(hash: hash, row: row)
            return
        }
        while way > 0 {
            set[way] = set[way - 1]
            way -= 1
        }
        set[0] = Position(hash: hash, row: row)
    }
}
