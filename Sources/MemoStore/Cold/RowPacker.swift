internal import SQLite

/// Brings rows that lie in half-empty pages together.
///
/// Rows are appended in the order of their numbers, and none comes into an old page again. So where entries are
/// overwritten at random pages are left half empty everywhere; SQLite joins them only below a third. Here a run of rows
/// is written anew under the same numbers, which fills their pages. That is committed only where it frees enough of
/// them: a run of full pages costs reading it, and no write.
final class RowPacker {
    /// A table, and what its rows wait in meanwhile.
    private final class Table {
        let take: Statement
        let delete: Statement
        let insert: Statement
        let forget: Statement

        /// - Parameters:
        ///   - columns: all of them behind the number.
        ///   - condition: of the rows that are worth it.
        init(
            _ connection: borrowing Connection, _ name: String, columns: String, where condition: String
        ) throws(SQLiteError) {
            let waiting = "temp.\(name)_waiting"
            let run = "FROM main.\(name) WHERE id BETWEEN ?1 AND ?2 AND \(condition)"
            try connection.execute("CREATE TABLE \(waiting) (id INTEGER PRIMARY KEY, \(columns))")
            take = try Statement(connection, "INSERT INTO \(waiting) SELECT id, \(columns) \(run)")
            delete = try Statement(connection, "DELETE \(run)")
            insert = try Statement(
                connection, "INSERT INTO main.\(name) SELECT id, \(columns) FROM \(waiting) ORDER BY id")
            forget = try Statement(connection, "DELETE FROM \(waiting)")
        }

        /// Within a transaction.
        func rewrite(_ rows: ClosedRange<Int64>) throws(SQLiteError) {
            try take.bind(1, rows.lowerBound)
            try take.bind(2, rows.upperBound)
            try take.run()
            try delete.bind(1, rows.lowerBound)
            try delete.bind(2, rows.upperBound)
            try delete.run()
            try insert.run()
            try forget.run()
        }
    }

    private let measure: Statement
    private let freePages: Statement
    private let tables: [Table]
    /// Where the next run begins.
    private var next: Int64 = 0

    init(_ connection: borrowing Connection) throws(SQLiteError) {
        measure = try Statement(
            connection,
            """
            SELECT id, length(meta) + length(key) + ifnull(length(value), 0) FROM content
            WHERE id >= ? ORDER BY id
            """)
        freePages = try Statement(connection, "PRAGMA freelist_count")
        tables = [
            try Table(connection, "entry", columns: "head", where: "true"),
            // Larger ones leave their pages one by one.
            try Table(
                connection, "content", columns: "meta, shared, key, value",
                where: "length(key) + ifnull(length(value), 0) <= \(ColdOptions.notedBytesMax)"),
        ]
    }

    /// Writes the next run of rows anew, in a transaction of its own, where that frees an eighth of its pages.
    /// - Returns: how many pages are free now; `nil` behind the last run, and the next one is the first again.
    func pack(_ connection: borrowing Connection) throws(SQLiteError) -> Int? {
        let (rows, bytes) = try nextRun()
        guard let rows, rows.upperBound < .max else {
            next = 0
            return nil
        }
        next = rows.upperBound + 1
        try connection.execute("BEGIN IMMEDIATE")
        do throws(SQLiteError) {
            let before = try freePagesCount()
            for table in tables { try table.rewrite(rows) }
            let freed = try freePagesCount() - before
            let isWorthIt = freed > bytes / (8 * ColdOptions.pageBytes)
            try connection.execute(isWorthIt ? "COMMIT" : "ROLLBACK")
            return isWorthIt ? freed : 0
        } catch {
            if connection.isInTransaction { try? connection.execute("ROLLBACK") }
            // A damaged row may not be taken as it is: whoever reads it deals with it.
            guard error.kind == .constraint else { throw error }
            return 0
        }
    }

    /// - Returns: rows of some size, and what is in them; `nil` behind the last one.
    private func nextRun() throws(SQLiteError) -> (rows: ClosedRange<Int64>?, bytes: Int) {
        defer { measure.reset() }
        var last: Int64?
        var bytes = 0
        try measure.bind(1, next)
        while bytes < ColdOptions.packedAtOnce, try measure.step() {
            let row = measure.integer(0)
            guard row > last ?? next - 1 else { throw SQLiteError(damage: "rows are out of order") }
            last = row
            bytes += min(Int(measure.integer(1)), ColdOptions.pageBytes)
        }
        return (last.map { next...$0 }, bytes)
    }

    private func freePagesCount() throws(SQLiteError) -> Int {
        guard try freePages.step() else { return 0 }
        defer { freePages.reset() }
        return Int(freePages.integer(0))
    }
}
