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

    @Test(arguments: ["its lock is removed", "by another name"])
    func aSecondDaemonIsRefused(_ how: String) throws {
        let daemon = try Daemon()
        let other = try Home()
        #expect(try daemon.connect().put("f", "1", "1", "\"durable\":true").isOK)
        if how == "by another name" {
            #expect(link(daemon.home.database, other.database) == 0)
        } else {
            // It is made again within half a second.
            #expect(unlink(daemon.home.database + ".lock") == 0)
        }
        let database = how == "by another name" ? other.database : daemon.home.database
        let process = try ChildProcess([Daemon.binary, "--socket", other.socket, "--database", database])
        #expect(try process.wait() == .exited(1))
        #expect(process.log.contains("process \(daemon.process.pid)"), "\(process.log)")
        let peer = try daemon.connect()
        #expect(try peer.put("f", "2", "2", "\"durable\":true").isOK)
        #expect(try peer.get("f", "1").value == "1")
        #expect(daemon.home.quarantined.isEmpty)
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

    @Test func aDatabaseCutWhileInUseIsNoticed() throws {
        let home = try Home()
        var daemon = try Daemon(home)
        var peer = try daemon.connect()
        let value = "\"\(String(repeating: "v", count: 4000))"
        for key in 0..<1000 { #expect(try peer.put("f", "\(key)", "\(value)\(key)\"").isOK) }
        #expect(try peer.sync().isOK)
        try peer.until("the log is moved into the database") { _ in
            let file = try FileManager.default.attributesOfItem(atPath: home.database)
            let changed = try #require(file[.modificationDate] as? Date)
            return try #require(file[.size] as? Int) > 4 << 20 && changed.timeIntervalSinceNow < -0.5
        }
        #expect(truncate(home.database, 20_000) == 0)
        #expect(daemon.process.logs("database was lost"), "\(daemon.process.log)")
        #expect(home.quarantined.count == 1)
        #expect(try peer.put("f", "1000", "\"after\"").isOK)
        #expect(try peer.sync().isOK)
        try daemon.kill()
        daemon = try Daemon(home)
        peer = try daemon.connect()
        #expect(try peer.get("f", "1000").value == "\"after\"")
        for key in 0..<1000 { #expect(try peer.get("f", "\(key)").value == "\(value)\(key)\"") }
        #expect(home.quarantined.count == 1)
    }

    @Test(arguments: [["-wal"], ["-wal", "-shm"]]) func aRemovedLogIsNoticed(_ parts: [String]) throws {
        let home = try Home()
        var daemon = try Daemon(home)
        var peer = try daemon.connect()
        #expect(try peer.put("f", "1", "1", "\"durable\":true").isOK)
        removeFiles(home, parts)
        #expect(daemon.process.logs("was removed: what it had was saved"), "\(daemon.process.log)")
        #expect(try peer.put("f", "2", "2", "\"durable\":true").bool("stored") == true)
        try daemon.kill()
        daemon = try Daemon(home)
        peer = try daemon.connect()
        for key in ["1", "2"] { #expect(try peer.get("f", key).value == key) }
        #expect(home.quarantined.isEmpty)
    }

    private func removeFiles(_ home: Home, _ parts: [String]) {
        for part in parts { try? FileManager.default.removeItem(atPath: home.database + part) }
    }

    /// What is locked has to be what lies at the path, or two daemons would have one database.
    @Test(arguments: [[".lock"], ["", "-wal", "-shm", ".lock"]]) func aRemovedLockIsTakenAgain(
        _ parts: [String]
    ) throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        #expect(try peer.put("f", "1", "1", "\"durable\":true").isOK)
        removeFiles(daemon.home, parts)
        let lock = daemon.home.database + ".lock"
        try peer.until("it has a lock again") {
            _ = try $0.stats()
            return try FileManager.default.fileExists(atPath: lock) && !daemon.home.contents(of: lock).isEmpty
        }
        let other = try Home()
        let second = try ChildProcess([
            Daemon.binary, "--socket", other.socket, "--database", daemon.home.database,
        ])
        #expect(try second.wait() == .exited(1))
        #expect(second.log.contains("\(daemon.process.pid)"), "\(second.log)")
        #expect(try peer.put("f", "2", "2", "\"durable\":true").bool("stored") == true)
        try daemon.kill()
        let last = try Daemon(daemon.home)
        let next = try last.connect()
        for key in ["1", "2"] { #expect(try next.get("f", key).value == key) }
    }

    @Test func whoLostItsFilesLeavesThoseOfTheNextAlone() throws {
        let first = try Daemon()
        let peer = try first.connect()
        #expect(try peer.put("f", "1", "1", "\"durable\":true").isOK)
        // The next one comes before it can notice.
        first.process.signal(SIGSTOP)
        removeFiles(first.home, ["", "-wal", "-shm", ".lock"])
        let other = try Home()
        let arguments = [Daemon.binary, "--socket", other.socket, "--database", first.home.database]
        let second = try ChildProcess(arguments)
        #expect(second.logs(" ready "))
        first.process.signal(SIGCONT)
        #expect(first.process.logs("in use by process \(second.pid)"), "\(first.process.log)")
        #expect(try peer.put("f", "2", "2", "\"durable\":true").code == "storage")
        #expect(try peer.get("f", "1").value == "1")
        let client = try Peer(other.socket)
        #expect(try client.put("f", "3", "3", "\"durable\":true").bool("stored") == true)
        second.signal(SIGKILL)
        _ = try second.wait()
        try first.kill()
        let last = try Daemon(first.home)
        let next = try last.connect()
        #expect(try next.get("f", "3").value == "3")
        #expect(first.home.quarantined.isEmpty)
    }
}
