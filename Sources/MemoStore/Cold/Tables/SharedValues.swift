internal import SQLite

/// Values that several entries have in common, stored once: the tables `shared_value` and `shared_use`.
///
/// The first entry with a value keeps it in its own row; from the second one on that is met while the first is
/// remembered, entries refer to one copy. A value met only once so costs nothing more than without sharing.
final class SharedValues {
    /// A shorter value is smaller in its row than what sharing it takes.
    static let smallestBytes = 64

    /// As of the last commit.
    private(set) var figures = InterningFigures()
    private var pendingFigures = InterningFigures()
    /// Changes of `shared_use` in this transaction, by row.
    private var pendingUses: [Int64: Int64] = [:]
    /// One thread touches it, for each row: overlapping accesses are not looked for at run time.
    @exclusivity(unchecked) private var recent = RecentValues()
    private let insert: Statement
    private let select: Statement
    private let delete: Statement
    private let addUses: Statement
    private let deleteUses: Statement

    init(_ connection: borrowing Connection) throws(SQLiteError) {
        insert = try Statement(
            connection, "INSERT INTO shared_value (id, hash, data) VALUES (?, ?, ?)")
        select = try Statement(connection, "SELECT data FROM shared_value WHERE id = ?")
        delete = try Statement(
            connection, "DELETE FROM shared_value WHERE id = ? RETURNING length(data)")
        addUses = try Statement(
            connection,
            """
            INSERT INTO shared_use (id, uses) VALUES (?, ?)
            ON CONFLICT (id) DO UPDATE SET uses = uses + excluded.uses RETURNING uses
            """)
        deleteUses = try Statement(connection, "DELETE FROM shared_use WHERE id = ?")
    }

    /// Whether any entry refers to a shared value, this transaction's included.
    var isInUse: Bool { pendingFigures.references > 0 }

    /// The hash of a value that is soon to be placed, whose memory is fetched meanwhile.
    func expect(_ value: UnsafeRawBufferPointer) -> UInt64 {
        guard value.count >= Self.smallestBytes else { return 0 }
        let hash = Checksum.of(value, seed: 0)
        recent.prefetch(hash)
        return hash
    }

    /// Finds a copy of a new entry's value to share, or makes one if this is the second entry with it.
    ///
    /// - Parameter hash: what `expect` returned for the value.
    /// - Returns: the row of `shared_value`, or 0 if the value is to stand in the entry's own row.
    func place(
        _ value: UnsafeRawBufferPointer, hash: UInt64, row: Int64, entries: EntryTables,
        deleted: Tombstones
    ) throws(SQLiteError) -> Int64 {
        guard value.count >= Self.smallestBytes else { return 0 }
        switch recent.find(hash) {
        case .shared(let shared) where try compare(value, shared) == true:
            recent.remember(hash, at: .shared(shared))
            refer(to: shared, bytes: value.count)
            return shared
        case .entry(let first)
        where deleted.contains(first) ? false : try entries.hasValue(value, row: first):
            // In a batch that is repeated the row may have its shared value already.
            switch try compare(value, row) {
            case nil:
                try insert.bind(1, row)
                try insert.bind(2, Int64(bitPattern: hash))
                try insert.bind(3, bytes: value)
                try insert.run()
                pendingFigures.values += 1
                pendingFigures.savedBytes -= Int64(value.count)
            case false?: return 0
            case true?: break
            }
            recent.remember(hash, at: .shared(row))
            refer(to: row, bytes: value.count)
            return row
        default:
            recent.remember(hash, at: .entry(row))
            return 0
        }
    }

    private func refer(to shared: Int64, bytes: Int) {
        pendingUses[shared, default: 0] += 1
        pendingFigures.references += 1
        pendingFigures.savedBytes += Int64(bytes)
    }

    /// Whether the shared value is this one; `nil` if there is none under that number.
    private func compare(_ value: UnsafeRawBufferPointer, _ shared: Int64) throws(SQLiteError) -> Bool? {
        try select.bind(1, shared)
        guard try select.step() else { return nil }
        defer { select.reset() }
        return select.bytes(0).isEqual(to: value)
    }

    /// An entry that referred to the value is deleted.
    func drop(_ shared: Int64, bytes: Int) {
        pendingUses[shared, default: 0] -= 1
        pendingFigures.references -= 1
        pendingFigures.savedBytes -= Int64(bytes)
    }

    /// Before the commit: counts the uses, and deletes the values that have none left.
    func flushReferenceCounts() throws(SQLiteError) {
        for (shared, change) in pendingUses where change != 0 {
            try addUses.bind(1, shared)
            try addUses.bind(2, change)
            guard try addUses.step() else { continue }
            let uses = addUses.integer(0)
            // To the end: a statement with RETURNING that is reset early is undone.
            while try addUses.step() {}
            guard uses <= 0 else { continue }
            try deleteUses.bind(1, shared)
            try deleteUses.run()
            try delete.bind(1, shared)
            while try delete.step() {
                pendingFigures.values -= 1
                pendingFigures.savedBytes += delete.integer(0)
            }
        }
    }

    func committed() {
        pendingUses.removeAll(keepingCapacity: pendingUses.count <= 4096)
        figures = pendingFigures
    }

    func rolledBack() {
        pendingUses.removeAll()
        pendingFigures = figures
    }

    /// Counts what is shared without reading the entries: for a database that is opened again.
    func measure(_ connection: borrowing Connection) throws(SQLiteError) {
        let sums = try Statement(
            connection,
            """
            SELECT count(*), sum(uses), sum((uses - 1) * length(data))
            FROM shared_use JOIN shared_value USING (id)
            """)
        guard try sums.step() else { return }
        start(
            with: InterningFigures(
                values: Int(sums.integer(0)), references: Int(sums.integer(1)), savedBytes: sums.integer(2)))
    }

    /// What was found at the start; until then nothing is known of values to be dropped.
    func start(with figures: InterningFigures) {
        self.figures = figures
        pendingFigures = figures
    }
}
