internal import SQLite

/// Rows of entries that are deleted and still lie in their pages.
///
/// An entry that is overwritten or evicted lies anywhere in the database. To take its row out at once reads, logs and
/// writes a page or two of it, hundreds of times what a note of its number takes at the end of a table. So the commit
/// that deletes leaves tombstones, and rows are taken out later, in order and so many that those of a page go together.
/// (Log-structured stores know the tombstones as tombstones.)
final class Tombstones {
    /// Rows in one note: 64 KiB, so that none is long to write or to read.
    private static let rowsPerTombstone = 8192

    /// After this many rows, and an eighth of all, were taken out the tombstones of the others are written anew: a process that
    /// ends then has not to begin again.
    private static let rowsPerRewrite = 16384

    /// Which tombstones there are, and what they are about.
    private struct State {
        /// Numbers of tombstones, the first one and the one behind the last.
        var first: Int64
        var next: Int64
        var bytes = 0
    }

    /// One thread touches this and `pending`, for each row: overlapping accesses are not looked for at run time.
    @exclusivity(unchecked) private var rows: Set<Int64> = []
    private var state: State
    /// As of the last commit.
    private var committed: State
    /// Rows first marked deleted since then.
    @exclusivity(unchecked) private var pending: [Int64] = []
    /// How many rows the last commit marked deleted.
    private(set) var newest = 0
    /// Rows that are being taken out, in order, from `taken` on.
    private var leaving: [Int64] = []
    private var taken = 0
    /// What is so once the rows are taken out: their tombstones are gone.
    private var rewritten: State?

    private let meta: MetaTable
    private let insert: Statement
    private let delete: Statement

    /// - Throws: `.corrupt` if a note is damaged or missing: no one knows then which entries were deleted.
    init(_ connection: borrowing Connection, _ meta: MetaTable) throws {
        self.meta = meta
        insert = try Statement(
            connection, "INSERT INTO deleted (seq, rows, bytes, checksum) VALUES (?, ?, ?, ?)")
        delete = try Statement(connection, "DELETE FROM deleted WHERE seq < ?")
        let (first, next) = try meta.tombstones()
        state = State(first: first, next: next)
        committed = state
        var expected = state.first
        let select = try Statement(
            connection, "SELECT seq, rows, bytes, checksum FROM deleted ORDER BY seq")
        while try select.step() {
            let note = select.bytes(1)
            let bytes = select.integer(2)
            guard select.integer(0) == expected, expected < state.next,
                Self.checksum(note, seq: expected, bytes: bytes) == select.integer(3)
            else { throw Self.damaged }
            rows.formUnion(note.numbers)
            state.bytes += Int(bytes)
            expected += 1
        }
        guard expected == state.next else { throw Self.damaged }
        committed = state
    }

    private static let damaged = ColdError(.corrupt, "its record of deleted rows is damaged")

    private static func checksum(_ note: UnsafeRawBufferPointer, seq: Int64, bytes: Int64) -> Int64 {
        Int64(bitPattern: Checksum.of(note, seed: UInt64(bitPattern: seq &* 0x1_0000_0001 ^ bytes)))
    }

    var isEmpty: Bool { rows.isEmpty }
    var count: Int { rows.count }
    /// What they take in the database, estimated.
    var bytes: Int { state.bytes }
    var isLeaving: Bool { taken < leaving.count }

    func contains(_ row: Int64) -> Bool { rows.contains(row) }

    // MARK: tombstones

    /// Within a transaction: tombstones that these rows are deleted.
    func note(_ deleted: [Int64], bytes: Int) throws(SQLiteError) {
        guard !deleted.isEmpty else { return }
        for row in deleted where rows.insert(row).inserted { pending.append(row) }
        try add(deleted, bytes: bytes, to: &state)
    }

    private func add(_ deleted: [Int64], bytes: Int, to state: inout State) throws(SQLiteError) {
        var left = Int64(bytes)
        for start in stride(from: 0, to: deleted.count, by: Self.rowsPerTombstone) {
            let note = deleted[start..<min(start + Self.rowsPerTombstone, deleted.count)].blob
            try insert.bind(1, state.next)
            try insert.bind(2, copying: note)
            try insert.bind(3, left)
            try insert.bind(4, note.withUnsafeBytes { Self.checksum($0, seq: state.next, bytes: left) })
            try insert.run()
            state.next += 1
            left = 0
        }
        state.bytes += bytes
        try meta.save(tombstones: (state.first, state.next))
    }

    /// The transaction of the tombstones is committed.
    func keep() {
        committed = state
        newest = pending.count
        pending.removeAll(keepingCapacity: newest <= Self.rowsPerTombstone)
    }

    /// It is rolled back. What was marked deleted before stays.
    func rollBack() {
        state = committed
        rows.subtract(pending)
        pending = []
    }

    // MARK: taking out

    /// The next rows to be taken out, in their order.
    func next(_ limit: Int) -> ArraySlice<Int64> {
        if taken == leaving.count {
            leaving = rows.sorted()
            taken = 0
        }
        return leaving[taken..<min(taken + limit, leaving.count)]
    }

    /// Within the transaction that takes out the first of the next rows: now and then, and with the last of them, the
    /// tombstones that there are become tombstones of the rest.
    func forget(_ count: Int) throws(SQLiteError) {
        rewritten = nil
        let through = taken + count
        let isDue = through >= max(Self.rowsPerRewrite, leaving.count / 8)
        guard isDue || through == leaving.count else { return }
        let rest = rows.subtracting(leaving[taken..<through])
        try delete.bind(1, state.next)
        try delete.run()
        var new = State(first: state.next, next: state.next)
        try add(Array(rest), bytes: state.bytes / rows.count * rest.count, to: &new)
        rewritten = new
    }

    /// That transaction is committed.
    func took(_ count: Int) {
        for row in leaving[taken..<taken + count] { rows.remove(row) }
        taken += count
        guard let rewritten else { return }
        state = rewritten
        committed = rewritten
        leaving = []
        taken = 0
        // With the memory that it had.
        if rows.isEmpty { rows = [] }
    }
}
