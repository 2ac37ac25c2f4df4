internal import SQLite

/// The access journal: the order in which entries were last used, appended to in batches.
final class AccessJournalTable {
    /// Rows of entries in one row of the table: 64 KiB, so that none is long to write or to read.
    static let rowsPerBlob = 8192

    private let insert: Statement
    private let deleteAll: Statement
    private let select: Statement
    private let last: Statement

    init(_ connection: borrowing Connection) throws(SQLiteError) {
        insert = try Statement(connection, "INSERT INTO uses (seq, rows) VALUES (?, ?)")
        deleteAll = try Statement(connection, "DELETE FROM uses")
        select = try Statement(connection, "SELECT rows FROM uses ORDER BY seq")
        last = try Statement(connection, "SELECT max(seq) FROM uses")
    }

    func append(_ rows: [Int64]) throws(SQLiteError) {
        guard !rows.isEmpty else { return }
        var seq: Int64 = 0
        if try last.step() {
            seq = last.integer(0)
            last.reset()
        }
        for start in stride(from: 0, to: rows.count, by: Self.rowsPerBlob) {
            seq += 1
            try insert.bind(1, seq)
            try insert.bind(2, copying: rows[start..<min(start + Self.rowsPerBlob, rows.count)].blob)
            try insert.run()
        }
    }

    func replace(with rows: [Int64]) throws(SQLiteError) {
        try deleteAll.run()
        try append(rows)
    }

    /// - Returns: how many rows the journal has, repeats counted.
    func forEach(_ body: (Int64) -> Void) throws(SQLiteError) -> Int {
        var count = 0
        while try select.step() {
            let rows = select.bytes(0).numbers
            rows.forEach(body)
            count += rows.count
        }
        return count
    }
}
