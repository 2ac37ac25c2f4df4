internal import SQLite

/// The table `history`. Each row has a checksum; one that is damaged is left out.
final class HistoryRows {
    private let replace: Statement
    private let delete: Statement
    private let forget: Statement
    private let select: Statement

    init(_ connection: borrowing Connection) throws(SQLiteError) {
        replace = try Statement(
            connection,
            "INSERT OR REPLACE INTO history (subject, level, start, points, checksum) VALUES (?, ?, ?, ?, ?)")
        delete = try Statement(
            connection, "DELETE FROM history WHERE subject = ? AND level = ? AND start = ?")
        forget = try Statement(connection, "DELETE FROM history WHERE subject = ?")
        select = try Statement(
            connection,
            "SELECT subject, level, start, points, checksum FROM history ORDER BY subject, level, start")
    }

    func save(_ row: HistoryRow) throws(SQLiteError) {
        guard let bytes = row.bytes else {
            try delete.bind(1, row.subject)
            try delete.bind(2, Int64(row.level))
            try delete.bind(3, row.start)
            return try delete.run()
        }
        try replace.bind(1, row.subject)
        try replace.bind(2, Int64(row.level))
        try replace.bind(3, row.start)
        try replace.bind(4, copying: bytes)
        try replace.bind(5, Self.checksum(row, bytes))
        try replace.run()
    }

    func forget(subject: Int64) throws(SQLiteError) {
        try forget.bind(1, subject)
        try forget.run()
    }

    /// - Returns: how many were damaged.
    func forEach(_ body: (HistoryRow) -> Void) throws(SQLiteError) -> Int {
        var damaged = 0
        while try select.step() {
            let bytes = Array(select.bytes(3))
            let row = HistoryRow(
                subject: select.integer(0), level: UInt8(truncatingIfNeeded: select.integer(1)),
                start: select.integer(2), bytes: bytes)
            if Self.checksum(row, bytes) == select.integer(4) { body(row) } else { damaged += 1 }
        }
        return damaged
    }

    private static func checksum(_ row: HistoryRow, _ bytes: [UInt8]) -> Int64 {
        let place = [row.subject, Int64(row.level), row.start].blob
        let seed = place.withUnsafeBytes { Checksum.of($0, seed: 0) }
        return Int64(bitPattern: bytes.withUnsafeBytes { Checksum.of($0, seed: seed) })
    }
}
