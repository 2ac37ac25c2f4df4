internal import SQLite

/// Brings rows that lie in half-empty pages together.
///
/// Rows are appended in the order of their numbers, and none comes into an old page again. So where entries are
/// overwritten at random pages are left half empty everywhere; SQLite joins them only below a third. Here a run of rows
/// is written anew under the same numbers, which fills their pages. That is committed only where it frees enough of
/// them: a run of full pages costs reading it, and no write.
///
/// In a damaged tree one and the same row may be found in one way and not in another. What is not exactly as expected
/// is left as it is, for whoever reads it.
final class PageCompactor {
    /// A table, and what its rows wait in meanwhile.
    private final class Table {
        let walk: Statement
        let take: Statement
        let delete: Statement
        let insert: Statement
        let forget: Statement

        /// - Parameters:
        ///   - columns: all of them behind the number.
        ///   - bytes: what a row takes.
        ///   - condition: of the rows that are worth it.
        init(
            _ connection: borrowing Connection, _ name: String, columns: String, bytes: String,
            where condition: String
        ) throws(SQLiteError) {
            let waiting = "temp.\(name)_waiting"
            let run = "FROM main.\(name) WHERE id BETWEEN ?1 AND ?2 AND \(condition)"
            try connection.execute(
                "CREATE TABLE IF NOT EXISTS \(waiting) (id INTEGER PRIMARY KEY, \(columns))")
            walk = try Statement(
                connection, "SELECT id, \(bytes), \(condition) FROM main.\(name) WHERE id >= ? ORDER BY id")
            take = try Statement(
                connection, "INSERT INTO \(waiting) SELECT id, \(columns) \(run) ORDER BY id LIMIT ?3")
            delete = try Statement(connection, "DELETE \(run)")
            insert = try Statement(
                connection, "INSERT INTO main.\(name) SELECT id, \(columns) FROM \(waiting) ORDER BY id")
            forget = try Statement(connection, "DELETE FROM \(waiting)")
        }

        /// The rows from one number to another, or until they have this many bytes.
        /// - Returns: the last one, how many are worth it, and what all take; `nil` if there are none, or the tree is
        ///   damaged.
        func survey(
            from first: Int64, through end: Int64 = .max - 1, bytes most: Int = .max
        ) throws(SQLiteError) -> (last: Int64, count: Int64, bytes: Int)? {
            defer { walk.reset() }
            var last: Int64?
            var (count, bytes) = (Int64(0), 0)
            try walk.bind(1, first)
            while bytes < most, try walk.step() {
                let row = walk.integer(0)
                guard row > last ?? first - 1 else { return nil }
                if row > end { break }
                last = row
                count += walk.integer(2)
                bytes += min(Int(walk.integer(1)), ColdOptions.pageBytes)
            }
            return last.map { ($0, count, bytes) }
        }

        /// Within a transaction.
        /// - Parameter count: how many rows are expected.
        /// - Returns: whether these were it.
        func rewrite(
            _ rows: ClosedRange<Int64>, count: Int64, _ connection: borrowing Connection
        ) throws(SQLiteError) -> Bool {
            try take.bind(1, rows.lowerBound)
            try take.bind(2, rows.upperBound)
            try take.bind(3, count + 1)
            try take.run()
            guard connection.changes == count else { return false }
            try delete.bind(1, rows.lowerBound)
            try delete.bind(2, rows.upperBound)
            try delete.run()
            guard connection.changes == count else { return false }
            try insert.run()
            guard connection.changes == count else { return false }
            try forget.run()
            return true
        }
    }

    private let entries: Table
    private let contents: Table
    /// Where the next run begins.
    private var next: Int64 = 0

    init(_ connection: borrowing Connection) throws(SQLiteError) {
        entries = try Table(connection, "entry", columns: "head", bytes: "length(head)", where: "true")
        contents = try Table(
            connection, "content", columns: "meta, shared, key, value",
            bytes: "length(meta) + length(key) + ifnull(length(value), 0)",
            where: "length(key) + ifnull(length(value), 0) <= \(ColdOptions.compactedRowBytesMax)")
    }

    /// Writes the next run of rows anew, in a transaction of its own, where that frees an eighth of its pages.
    /// - Parameter mark: called within the transaction, if it is to be committed.
    /// - Returns: how many pages are free now; `nil` behind the last run, and the next one is the first again.
    func compact(
        _ connection: borrowing Connection, mark: () throws(SQLiteError) -> Void
    ) throws(SQLiteError) -> Int? {
        guard let run = try contents.survey(from: next, bytes: ColdOptions.compactedAtOnce) else {
            next = 0
            return nil
        }
        let rows = next...run.last
        next = run.last + 1
        guard let heads = try entries.survey(from: rows.lowerBound, through: rows.upperBound) else {
            return 0
        }
        try connection.execute("BEGIN IMMEDIATE")
        do throws(SQLiteError) {
            let before = try Self.freePages(connection)
            let hasHeads = try entries.rewrite(rows, count: heads.count, connection)
            let hasContents = try contents.rewrite(rows, count: run.count, connection)
            let freed = try Self.freePages(connection) - before
            let isWorthIt = hasHeads && hasContents && freed > run.bytes / (8 * ColdOptions.pageBytes)
            if isWorthIt { try mark() }
            try connection.execute(isWorthIt ? "COMMIT" : "ROLLBACK")
            return isWorthIt ? freed : 0
        } catch {
            if connection.isInTransaction { try? connection.execute("ROLLBACK") }
            // A damaged row that the table's own rules refuse.
            guard error.kind == .constraint else { throw error }
            return 0
        }
    }

    private static func freePages(_ connection: borrowing Connection) throws(SQLiteError) -> Int {
        Int(try connection.integer("PRAGMA freelist_count") ?? 0)
    }
}
