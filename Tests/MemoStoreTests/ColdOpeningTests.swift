import Foundation
import SQLite
import Testing

@testable import MemoStore

/// What may be opened, and by whom.
struct ColdOpeningTests {
    let fixture: ColdFixture

    init() throws { fixture = try ColdFixture() }

    private func failure() throws -> ColdFailure? {
        do throws(ColdError) {
            _ = try fixture.open()
            return nil
        } catch {
            #expect(!error.message.isEmpty)
            return error.failure
        }
    }

    /// Checks that a refusal leaves the directory byte for byte as it was, the lock file aside.
    private func isUntouched(_ expected: ColdFailure, _ comment: Comment) throws {
        func contents() throws -> [String: Data] {
            var contents: [String: Data] = [:]
            for name in fixture.names where !name.hasSuffix(".lock") {
                contents[name] = try Data(contentsOf: URL(fileURLWithPath: "\(fixture.directory)/\(name)"))
            }
            return contents
        }
        let before = try contents()
        #expect(try failure() == expected, comment)
        #expect(try contents() == before, comment)
    }

    /// The version after this memod's.
    private let later = Schema.current.migrations.count + 1

    @Test func refusesANewerDatabase() throws {
        try fixture.open().close()
        try fixture.tamper("PRAGMA user_version = 99")
        try isUntouched(.newer, "user_version")
    }

    @Test func refusesANewerMigration() throws {
        try fixture.open().close()
        try fixture.tamper("INSERT INTO migration VALUES (\(later), 'later', 5, 0)")
        try isUntouched(.newer, "migration")
    }

    @Test func refusesAChangedMigration() throws {
        try fixture.open().close()
        try fixture.tamper("UPDATE migration SET checksum = checksum + 1")
        try isUntouched(.newer, "checksum")
    }

    @Test func refusesANewerMigrationThatIsOnlyInTheLog() throws {
        let database = try fixture.open()
        try database.commit([.accesses([1])])
        try fixture.crash(database)
        do {
            let connection = try Connection(path: fixture.path, mode: .readWrite)
            try connection.setCheckpointOnClose(false)
            try connection.execute(
                "INSERT INTO migration VALUES (\(later), 'later', 5, 0); PRAGMA user_version = \(later)")
        }
        let before = (try fixture.bytes(), try fixture.bytes("-wal"))
        #expect(try failure() == .newer)
        #expect(try fixture.bytes() == before.0)
        #expect(try fixture.bytes("-wal") == before.1)
    }

    @Test func refusesAnotherProgramsDatabase() throws {
        try fixture.write(Data())
        try fixture.tamper("CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES ('x')")
        try isUntouched(.refused, "foreign")
    }

    /// The lock's file may be removed, and the database be reached by another name: it is locked itself.
    @Test func oneAtATimeWhateverBecomesOfTheLocksFile() throws {
        let database = try fixture.open()
        #expect(unlink(fixture.path + ".lock") == 0)
        #expect(try failure() == .locked(pid: nil))
        // A new one is locked, too, from its beginning.
        try database.startEmpty()
        #expect(unlink(fixture.path + ".lock") == 0)
        #expect(try failure() == .locked(pid: nil))
        try database.close()
        try fixture.open().close()
    }

    @Test func refusesADatabaseWithTwoNames() throws {
        try fixture.open().close()
        #expect(link(fixture.path, fixture.path + ".other") == 0)
        try isUntouched(.refused, "two names")
        #expect(unlink(fixture.path + ".other") == 0)
        try fixture.open().close()
    }

    @Test func appliesMigrationsInOrderAndKeepsWhatIsThere() throws {
        let first = Schema.current
        try fixture.open().close()
        var entry = TestEntry(key: [1], value: [2])
        entry.hash = 3
        let old = try fixture.open()
        try old.insert([1: entry])
        try fixture.crash(old)

        let second = Schema.Migration(
            name: "more",
            sql: "CREATE TABLE more (id INTEGER PRIMARY KEY) STRICT; INSERT INTO more VALUES (9)")
        fixture.options.schema = Schema(migrations: first.migrations + [second])
        fixture.clocks.wallMs = 1_900_000_000_000
        let new = try fixture.open()
        #expect(try new.makeReader().entry(1) == entry.content)
        try new.close()
        do {
            let connection = try Connection(path: fixture.path, mode: .readWrite)
            let (more, version, applied) = (
                try connection.integer("SELECT id FROM more"), try connection.integer("PRAGMA user_version"),
                try connection.integer("SELECT applied FROM migration ORDER BY version DESC LIMIT 1")
            )
            #expect(more == 9 && applied == 1_900_000_000_000)
            #expect(version == Int64(first.migrations.count + 1))
        }
        // And back: the older memod refuses it.
        fixture.options.schema = first
        try isUntouched(.newer, "downgrade")
    }

    @Test func endsWhileAnotherProcessReads() throws {
        let entry = TestEntry(key: [1], value: [2])
        let database = try fixture.open()
        try database.insert([1: entry])
        do {
            let other = try Connection(path: fixture.path, mode: .readWrite)
            try other.setCheckpointOnClose(false)
            try other.execute("BEGIN")
            #expect(try other.integer("SELECT count(*) FROM entry") == 1)
            try database.insert([2: entry])
            #expect(try !database.close(), "its log stays")
            try other.execute("COMMIT")
        }
        let again = try fixture.open()
        #expect(try Loaded(again).load.nextRow == 3)
        #expect(try again.makeReader().entry(2) == entry)
        #expect(try again.close())
        #expect(fixture.names(containing: "-wal").isEmpty)
    }

    @Test func aFailingMigrationChangesNothing() throws {
        try fixture.open().close()
        let broken = Schema.Migration(
            name: "broken", sql: "CREATE TABLE more (id); CREATE TABLE more (id)")
        fixture.options.schema = Schema(migrations: Schema.current.migrations + [broken])
        #expect(try failure() == .other)
        fixture.options.schema = .current
        #expect(try failure() == nil)
        do {
            let connection = try Connection(path: fixture.path, mode: .readWrite)
            let tables = try connection.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'more'")
            #expect(tables == 0)
        }
    }

    @Test func refusesALinkAndADirectory() throws {
        try fixture.open().close()
        let real = fixture.path
        try FileManager.default.moveItem(atPath: real, toPath: real + ".real")
        try FileManager.default.createSymbolicLink(atPath: real, withDestinationPath: real + ".real")
        #expect(try failure() == .refused)
        try FileManager.default.removeItem(atPath: real)
        try FileManager.default.createDirectory(atPath: real, withIntermediateDirectories: false)
        #expect(try failure() == .refused)
        fixture.options.path = fixture.directory + "/"
        #expect(try failure() == .refused)
    }

    @Test func makesMissingDirectoriesPrivate() throws {
        fixture.options.path = fixture.directory + "/a/b/memod.db"
        let database = try fixture.open()
        for part in ["/a", "/a/b"] {
            let mode = try FileManager.default.attributesOfItem(
                atPath: fixture.directory + part)[.posixPermissions]
            #expect(mode as? Int == 0o700)
        }
        try database.close()
    }

    @Test func opensThroughALinkedDirectory() throws {
        try FileManager.default.createDirectory(
            atPath: fixture.directory + "/real", withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(
            atPath: fixture.directory + "/link", withDestinationPath: fixture.directory + "/real")
        fixture.options.path = fixture.directory + "/link/memod.db"
        try fixture.open().close()
        #expect(FileManager.default.fileExists(atPath: fixture.directory + "/real/memod.db"))
    }

    @Test func theSecondHolderIsToldTheFirstOnesPid() throws {
        let first = try fixture.open()
        #expect(try failure() == .locked(pid: getpid()))
        let message = #expect(throws: ColdError.self) { _ = try fixture.open() }?.message
        #expect(message?.contains("process \(getpid())") == true)
        try first.close()
        #expect(try failure() == nil)
    }

    @Test func theLockIsFreeAfterARefusal() throws {
        try fixture.open().close()
        try fixture.tamper("PRAGMA user_version = 99")
        #expect(try failure() == .newer)
        #expect(try failure() == .newer)
    }
}
