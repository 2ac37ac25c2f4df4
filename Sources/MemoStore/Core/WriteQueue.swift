/// Changes that were made in memory and wait for the database, in order.
struct WriteQueue: ~Copyable {
    private(set) var writes: [StoreChange] = []
    /// Bytes waiting, and bytes in the commit under way.
    private(set) var cost = 0
    private(set) var costInFlight = 0
    private(set) var countInFlight = 0
    /// Counts the changes ever queued: the number of the newest.
    private(set) var sequence: UInt64 = 0
    /// What may wait. Follows what the disk was seen to take within the flush interval.
    var costMax: Int
    /// Who has how much of the half that was filled last.
    private var shares = QueueShares()
    /// When the oldest change came, in ms of the machine's clock since boot.
    private(set) var since: Int64 = 0

    /// What a change weighs beside its bytes: its place in the queue and its share of a commit.
    static let overhead = 256

    init(costMax: Int) { self.costMax = costMax }

    var isEmpty: Bool { writes.isEmpty }
    var isHalfFull: Bool { cost >= costMax / 2 }
    var isFull: Bool { cost >= costMax }
    var count: Int { writes.count }

    mutating func append(_ write: StoreChange, now: Int64) {
        if writes.isEmpty { since = now }
        sequence += 1
        cost += Self.cost(of: write)
        writes.append(write)
    }

    /// Someone has added this many bytes.
    mutating func note(_ bytes: Int, of writer: QueueWriter) { shares.note(bytes, of: writer) }

    /// Whether someone may add this many bytes though it is full.
    func mayExceed(_ writer: QueueWriter, adding bytes: Int) -> Bool {
        cost + bytes < 2 * costMax && shares.mayExceed(writer, adding: bytes + Self.overhead, of: costMax)
    }

    private static func cost(of write: StoreChange) -> Int {
        switch write {
        case .insert(_, _, _, let payload): overhead + payload.soleBytes
        case .accesses(let rows), .recency(let rows): overhead + rows.count * 8
        default: overhead
        }
    }

    /// Takes what waits, to be committed as one; `finish()` follows.
    mutating func take() -> [StoreChange] {
        var taken: [StoreChange] = []
        swap(&taken, &writes)
        costInFlight = cost
        countInFlight = taken.count
        cost = 0
        shares.removeAll()
        return taken
    }

    mutating func finish() {
        costInFlight = 0
        countInFlight = 0
    }

    /// For tests.
    func check() {
        // What a value costs depends on who else has it by now.
        precondition(cost >= writes.count * Self.overhead && (cost == 0) == writes.isEmpty)
        precondition(sequence >= UInt64(writes.count + countInFlight))
    }

    /// Takes the newest changes back; none of them is an insert.
    mutating func dropLast(_ count: Int) {
        for write in writes.suffix(count) { cost -= Self.cost(of: write) }
        writes.removeLast(count)
        sequence -= UInt64(count)
    }
}
