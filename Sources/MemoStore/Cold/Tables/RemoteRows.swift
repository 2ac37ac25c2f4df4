internal import SQLite

/// The table `remote`. Each row has a checksum: a note of a clear that is lost would bring back what was cleared.
final class RemoteRows {
    private let replace: Statement
    private let delete: Statement
    private let select: Statement

    init(_ connection: borrowing Connection) throws(SQLiteError) {
        replace = try Statement(
            connection,
            "INSERT OR REPLACE INTO remote (kind, name, key, state, checksum) VALUES (?, ?, ?, ?, ?)")
        delete = try Statement(connection, "DELETE FROM remote WHERE kind = ? AND name = ? AND key = ?")
        select = try Statement(connection, "SELECT kind, name, key, state, checksum FROM remote")
    }

    func save(_ row: RemoteRow) throws(SQLiteError) {
        guard let state = row.state else {
            try delete.bind(1, row.kind.rawValue)
            try delete.bind(2, copying: row.name)
            try delete.bind(3, copying: row.key)
            return try delete.run()
        }
        try replace.bind(1, row.kind.rawValue)
        try replace.bind(2, copying: row.name)
        try replace.bind(3, copying: row.key)
        try replace.bind(4, copying: state)
        try replace.bind(5, Self.checksum(row, state))
        try replace.run()
    }

    /// - Returns: how many were damaged.
    func forEach(_ body: (RemoteRow) -> Void) throws(SQLiteError) -> Int {
        var damaged = 0
        while try select.step() {
            let state = Array(select.bytes(3))
            guard let kind = RemoteRow.Kind(rawValue: select.integer(0)) else {
                damaged += 1
                continue
            }
            let row = RemoteRow(
                kind: kind, name: Array(select.bytes(1)), key: Array(select.bytes(2)), state: state)
            if Self.checksum(row, state) == select.integer(4) { body(row) } else { damaged += 1 }
        }
        return damaged
    }

    private static func checksum(_ row: RemoteRow, _ state: [UInt8]) -> Int64 {
        var sum = UInt64(bitPattern: row.kind.rawValue)
        for part in [row.name, row.key, state] {
            sum = part.withUnsafeBytes { Checksum.of($0, seed: sum &+ UInt64(part.count)) }
        }
        return Int64(bitPattern: sum)
    }
}
