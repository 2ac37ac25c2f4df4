internal import Migrations
internal import SQLite

/// The database's migrations: applied, recorded, compared.
struct Schema: Sendable {
    struct Migration: Sendable {
        let name: String
        let sql: String

        /// Recorded when it is applied, and compared ever after.
        var checksum: Int64 { Int64(bitPattern: Checksum.of(sql, seed: 0)) }
    }

    /// In order: the first one brings an empty database to version 1.
    let migrations: [Migration]

    static let current = Schema(migrations: Migrations.all.map { Migration(name: $0.name, sql: $0.sql) })

    /// Compares what was applied with what is known, and changes nothing.
    ///
    /// - Returns: the version that the database is at, and the one that its header has, which is another where a bit of
    ///   it was flipped.
    /// - Throws: `.newer` for a database that a newer or a different memod made; `.corrupt` for one whose record
    ///   of migrations makes no sense.
    func verify(_ connection: borrowing Connection) throws(ColdError) -> (version: Int, inHeader: Int) {
        do {
            let version = Int(try connection.integer("PRAGMA user_version") ?? 0)
            let recorded = try Statement(
                connection, "SELECT version, checksum FROM migration ORDER BY version")
            var count = 0
            while try recorded.step() {
                count += 1
                try refuseNewer(Int(clamping: recorded.integer(0)))
                guard recorded.integer(0) == count else { throw Self.unreadable }
                let migration = migrations[count - 1]
                guard recorded.integer(1) == migration.checksum else {
                    throw ColdError(
                        .newer,
                        "the database was made with another form of migration \(migration.name) than this "
                            + "memod has; it was left as it is")
                }
            }
            guard count > 0 else { throw Self.unreadable }
            if !Self.isDamaged(version, recorded: count) { try refuseNewer(version, recorded: count) }
            guard count == version || Self.isDamaged(version, recorded: count) else { throw Self.unreadable }
            return (count, version)
        } catch {
            // A missing table or column is a plain SQL error.
            if let error = error as? SQLiteError, error.kind == .other { throw Self.unreadable }
            throw ColdError(any: error)
        }
    }

    private static let unreadable = ColdError(.corrupt, "its record of migrations makes no sense")

    /// The record of migrations says better than one number in the header which version it is. A bit of that was flipped,
    /// unless it may be the version after this memod's.
    private static func isDamaged(_ inHeader: Int, recorded: Int) -> Bool {
        let difference = UInt32(truncatingIfNeeded: inHeader) ^ UInt32(recorded)
        return difference.nonzeroBitCount == 1 && inHeader != recorded + 1
    }

    private func refuseNewer(_ version: Int, recorded: Int? = nil) throws(ColdError) {
        guard version > migrations.count else { return }
        let contradiction = recorded.map {
            $0 == version ? "" : " (its record of migrations ends with \($0))"
        }
        throw ColdError(
            .newer,
            "the database is of version \(version)\(contradiction ?? ""), made by a newer memod; this one knows "
                + "versions up to \(migrations.count) and left it as it is")
    }

    /// Applies what is missing, one transaction a migration.
    ///
    /// - Parameters:
    ///   - version: what the database is at, 0 for an empty one.
    ///   - wallMs: when, for the record.
    func apply(to connection: borrowing Connection, from version: Int, wallMs: Int64) throws(SQLiteError) {
        for number in migrations.indices.dropFirst(version) {
            let migration = migrations[number]
            try connection.execute("BEGIN IMMEDIATE")
            do throws(SQLiteError) {
                if number == 0 {
                    try connection.execute(
                        """
                        CREATE TABLE migration (
                            version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum INTEGER NOT NULL,
                            applied INTEGER NOT NULL
                        ) STRICT
                        """)
                }
                try connection.execute(migration.sql)
                let record = try Statement(connection, "INSERT INTO migration VALUES (?, ?, ?, ?)")
                try record.bind(1, Int64(number + 1))
                try record.bind(2, migration.name)
                try record.bind(3, migration.checksum)
                try record.bind(4, wallMs)
                try record.run()
                try connection.execute("PRAGMA user_version = \(number + 1)")
                try connection.execute("COMMIT")
            } catch {
                if connection.isInTransaction { try? connection.execute("ROLLBACK") }
                throw error
            }
        }
    }
}
