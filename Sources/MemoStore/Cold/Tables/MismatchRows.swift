internal import SQLite

/// The table `mismatch`. Each row has a checksum; one that is damaged is left out.
final class MismatchRows {
    private let replace: Statement
    private let delete: Statement
    private let select: Statement

    init(_ connection: borrowing Connection) throws(SQLiteError) {
        let columns = "number, function, at, digest, kept, computed, checksum"
        replace = try Statement(
            connection, "INSERT OR REPLACE INTO mismatch (\(columns)) VALUES (?, ?, ?, ?, ?, ?, ?)")
        delete = try Statement(connection, "DELETE FROM mismatch WHERE number = ?")
        select = try Statement(connection, "SELECT \(columns) FROM mismatch ORDER BY number")
    }

    func save(_ row: MismatchRow) throws(SQLiteError) {
        try replace.bind(1, row.number)
        try replace.bind(2, Int64(row.function.rawValue))
        try replace.bind(3, row.at)
        try replace.bind(4, copying: Array(row.digest.utf8))
        try replace.bind(5, copying: Array(row.kept.utf8))
        try replace.bind(6, copying: Array(row.computed.utf8))
        try replace.bind(7, Self.checksum(row))
        try replace.run()
    }

    func forget(_ number: Int64) throws(SQLiteError) {
        try delete.bind(1, number)
        try delete.run()
    }

    /// - Returns: how many were damaged.
    func forEach(_ body: (MismatchRow) -> Void) throws(SQLiteError) -> Int {
        var damaged = 0
        while try select.step() {
            var row = MismatchRow(
                digest: select.bytes(3), kept: select.bytes(4), computed: select.bytes(5),
                valueBytes: StoreLimits.mismatchValueBytes)
            row.number = select.integer(0)
            row.function = FunctionID(UInt32(truncatingIfNeeded: select.integer(1)))
            row.at = select.integer(2)
            if Self.checksum(row) == select.integer(6) { body(row) } else { damaged += 1 }
        }
        return damaged
    }

    private static func checksum(_ row: MismatchRow) -> Int64 {
        let numbers = [row.number, Int64(row.function.rawValue), row.at, Int64(row.digest.utf8.count)]
        let seed = numbers.withUnsafeBytes { Checksum.of($0, seed: UInt64(row.kept.utf8.count)) }
        return Int64(bitPattern: Checksum.of(row.digest + row.kept + row.computed, seed: seed))
    }
}
