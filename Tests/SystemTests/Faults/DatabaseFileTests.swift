import Foundation
import Testing

/// A database file that is not the daemon's to write: refused with a reason, and left as it is.
@Suite struct DatabaseFileTests {
    /// Starts a daemon that must not come up.
    /// - Returns: what it wrote.
    private func refusal(_ home: Home, wrapper: [String] = []) throws -> String {
        let daemon = try Daemon(home, wrapper: wrapper, waits: false)
        #expect(try daemon.process.wait() == .exited(1))
        #expect(!daemon.process.log.contains(" ready "))
        return daemon.process.log
    }

    @Test func aSecondDaemonNamesTheFirst() throws {
        let daemon = try Daemon()
        let other = try Home()
        let process = try ChildProcess([
            Daemon.binary, "--socket", other.socket, "--database", daemon.home.database,
        ])
        #expect(try process.wait() == .exited(1))
        #expect(process.log.contains("\(daemon.process.pid)"), "\(process.log)")
        #expect(try daemon.connect().call(#"{"op":"ping"}"#).isOK)
        #expect(!FileManager.default.fileExists(atPath: other.socket))
    }

    @Test func aSecondDaemonOnTheSameSocketIsRefused() throws {
        let daemon = try Daemon()
        let process = try ChildProcess([
            Daemon.binary, "--socket", daemon.home.socket, "--database", daemon.home.path + "/other.db",
        ])
        #expect(try process.wait() == .exited(1))
        #expect(process.log.contains("\(daemon.process.pid)"), "\(process.log)")
        #expect(try daemon.connect().call(#"{"op":"ping"}"#).isOK)
    }

    @Test(.enabled(if: Command.exists("sqlite3"))) func aNewerDatabaseIsRefusedUntouched() throws {
        let home = try Home()
        try Daemon(home).stop()
        let tables = try Command.output(
            "sqlite3", home.database, "SELECT name FROM sqlite_master WHERE type = 'table'")
        let table = try #require(tables.split(separator: "\n").first { $0.contains("migration") })
        let columns = try Command.output("sqlite3", home.database, "SELECT * FROM \(table)")
        #expect(columns.split(separator: "\n").count >= 1)
        // The same row once more, as a later migration would have it.
        let first = try Command.output(
            "sqlite3", home.database, "SELECT name FROM pragma_table_info('\(table)') WHERE pk = 1"
        )
        .trimmingCharacters(in: .whitespacesAndNewlines)
        _ = try Command.output(
            "sqlite3", home.database,
            """
            CREATE TEMP TABLE copy AS SELECT * FROM \(table) ORDER BY \(first) DESC LIMIT 1;
            UPDATE copy SET \(first) = \(first) + 1000;
            INSERT INTO \(table) SELECT * FROM copy;
            PRAGMA user_version = 1000;
            """)
        let before = try home.contents(of: home.database)
        let log = try refusal(home)
        #expect(log.contains("newer"), "\(log)")
        #expect(try home.contents(of: home.database) == before)
        #expect(home.quarantined.isEmpty)
    }

    @Test(.enabled(if: Command.exists("sqlite3"))) func anotherProgramsDatabaseIsRefusedUntouched() throws {
        let home = try Home()
        _ = try Command.output(
            "sqlite3", home.database, "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1);")
        let before = try home.contents(of: home.database)
        let log = try refusal(home)
        #expect(log.contains("another program"), "\(log)")
        #expect(try home.contents(of: home.database) == before)
    }

    @Test func aLinkIsRefused() throws {
        let home = try Home()
        try home.write(Data(), to: home.path + "/target")
        try FileManager.default.createSymbolicLink(
            atPath: home.database, withDestinationPath: home.path + "/target")
        let log = try refusal(home)
        #expect(log.contains("symbolic link"), "\(log)")
    }

    @Test func aDirectoryIsRefused() throws {
        let home = try Home()
        try FileManager.default.createDirectory(atPath: home.database, withIntermediateDirectories: false)
        let log = try refusal(home)
        #expect(log.contains("not a regular file"), "\(log)")
    }

    @Test(.enabled(if: geteuid() == 0)) func somebodyElsesDatabaseIsRefused() throws {
        let home = try Home()
        try Daemon(home).stop()
        #expect(chown(home.database, 54321, 54321) == 0)
        let before = try home.contents(of: home.database)
        let log = try refusal(home)
        #expect(log.contains("54321"), "\(log)")
        #expect(try home.contents(of: home.database) == before)
    }

    @Test(.enabled(if: Command.canMount)) func aReadOnlyFileSystemIsRefusedOrOnlyRead() throws {
        let home = try Home()
        var daemon = try Daemon(home)
        #expect(try daemon.connect().put("f", "1", "1", "\"durable\":true").isOK)
        try daemon.stop()
        // The socket and its lock are elsewhere.
        let elsewhere = try Home()
        let mount = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && exec \"$@\""
        daemon = try Daemon(
            elsewhere, ["--database", home.database],
            wrapper: ["unshare", "--mount", "sh", "-c", mount, home.path], waits: false)
        if daemon.process.logs(" ready ") {
            let peer = try daemon.connect()
            #expect(try peer.get("f", "1").value == "1")
            let reply = try peer.put("f", "2", "2", "\"durable\":true")
            #expect(reply.code == "storage", "\(reply)")
        } else {
            #expect(try daemon.process.wait() == .exited(1))
            #expect(daemon.process.log.contains("read-only") || daemon.process.log.contains("Read-only"))
        }
    }

    @Test func aDatabaseRemovedWhileInUseIsNoticed() throws {
        let home = try Home()
        var daemon = try Daemon(home)
        var peer = try daemon.connect()
        #expect(try peer.put("f", "1", "\"before\"", "\"durable\":true").isOK)
        for part in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: home.database + part) }
        // No time is promised, but it is noticed without anyone writing.
        #expect(daemon.process.logs("database was lost"), "\(daemon.process.log)")
        #expect(try peer.put("f", "2", "\"after\"", "\"durable\":true").bool("stored") == true)
        #expect(try peer.get("f", "1").value == "\"before\"", "memory still has it")
        #expect(try peer.sync().isOK)
        try daemon.kill()
        daemon = try Daemon(home)
        peer = try daemon.connect()
        #expect(try peer.get("f", "2").value == "\"after\"")
        #expect(try peer.get("f", "1").value == "\"before\"", "what memory had is in the new database")
    }
}
