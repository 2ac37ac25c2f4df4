internal import SQLite

/// The check of all pages and checksums that runs in the background after a start, a slice at a time. SQLite's
/// own check does not notice a changed value, so every row is read and its checksums are verified; before it SQLite
/// checks the pages of the small tables, and where it is quick, in the end all pages.
final class ColdScrub: @unchecked Sendable {  // Used by one thread at a time: that is its owner's promise.
    /// Read in one slice at most, whatever the number of rows.
    private static let sliceBytes = 4 << 20
    /// SQLite cannot interrupt its check of a table, and meanwhile the log cannot start over: larger databases
    /// have only their small tables checked so.
    private static let quickCheckBytesMax: Int64 = 256 << 20

    struct Slice {
        /// Entries whose rows do not have what was written: to be deleted.
        var damaged: [Int64] = []
        /// Entries looked at.
        var rows = 0
        var isLast = false
        /// The check ends because the disk does not let it read on.
        var isUnread = false
    }

    private let connection: Connection
    private let select: Statement
    private let salt: UInt64
    private let bytes: Int64
    private var row = Int64.min
    /// What SQLite has to check before the rows, which take longer: the tables that every commit writes to.
    private var checks = ["migration", "meta", "function", "tag", "uses", "shared_use", "deleted"].map {
        "quick_check(\($0))"
    }
    private var hasReadRows = false

    init(_ path: DatabasePath) throws(ColdError) {
        do {
            connection = try Connection.reader(path)
            select = try Statement(
                connection,
                """
                SELECT entry.id, head, content.shared, content.meta, content.key, content.value,
                    shared_value.data
                FROM entry LEFT JOIN content ON content.id = entry.id
                    LEFT JOIN shared_value ON shared_value.id = content.shared
                WHERE entry.id > ? ORDER BY entry.id
                """)
            salt = try MetaTable(connection).salt()
            bytes = DatabaseFile(path.database)?.bytes ?? 0
        } catch {
            throw ColdError(any: error)
        }
    }

    /// Checks the next entries.
    /// - Throws: `.corrupt` if pages are damaged: the database is to be moved aside.
    func step(rows limit: Int) throws(ColdError) -> Slice {
        do throws(SQLiteError) {
            if let check = checks.popLast() {
                let verdict = try connection.text("PRAGMA \(check)") ?? ""
                if verdict == "ok" { return Slice(isLast: hasReadRows && checks.isEmpty) }
                // A page that could not be read is reported as if it were damaged, in these words; 11 is
                // SQLITE_CORRUPT. Nothing is known then, and the check ends.
                let isUnread =
                    verdict.contains("unable to get the page") || verdict.contains("failed to get page")
                if ReadErrors.take() != 0 || (isUnread && !verdict.contains("error code=11")) {
                    return Slice(isLast: true, isUnread: true)
                }
                throw SQLiteError(damage: verdict)
            }
            return try stepRows(limit)
        } catch {
            throw ColdError(error)
        }
    }

    private func stepRows(_ limit: Int) throws(SQLiteError) -> Slice {
        var slice = Slice()
        var bytesRead = 0
        try select.bind(1, row)
        while slice.rows < limit, bytesRead < Self.sliceBytes {
            guard try select.step() else {
                hasReadRows = true
                if bytes <= Self.quickCheckBytesMax { checks = ["quick_check(1)"] }
                slice.isLast = checks.isEmpty
                return slice
            }
            let next = select.integer(0)
            // A page that is there twice would be read again and again.
            guard next > row else { throw SQLiteError(damage: "entry \(next) comes behind \(row)") }
            row = next
            slice.rows += 1
            bytesRead += select.bytes(4).count + select.bytes(5).count
            if !isSound() { slice.damaged.append(row) }
        }
        select.reset()
        return slice
    }

    private func isSound() -> Bool {
        let shared = select.integer(2)
        let meta = select.bytes(3)
        let valueColumn: Int32 = shared == 0 ? 5 : 6
        return EntryRecord.isSound(select.bytes(1), row: row)
            && ContentRecord.isSound(meta, row: row, shared: shared)
            && !select.isNull(valueColumn)
            && ContentRecord.matches(
                meta, key: select.bytes(4), value: select.bytes(valueColumn), row: row, salt: salt,
                isInTable: true)
    }
}
