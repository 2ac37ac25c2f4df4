import Foundation
import TestSupport
import Testing

/// Starting, stopping, and what a drain owes to those who are connected.
@Suite struct LifeTests {
    @Test(arguments: [SIGTERM, SIGINT]) func aDrainUnderLoadLosesNothing(_ signal: Int32) throws {
        let seed = SeededGenerator.seed(for: "aDrainUnderLoadLosesNothing")
        let home = try Home()
        var daemon = try Daemon(home, ["--flush-interval", "1h"])
        let clients = (0..<4).map { CrashingClient(number: $0, seed: seed) }
        let crew = try Crew.start(clients.count) { clients[$0].run(try Peer(home.socket)) }
        let start = Moment.now
        while start.age < 0.3 { usleep(10_000) }
        daemon.process.signal(signal)
        #expect(try daemon.process.wait(within: 15) == .exited(0))
        try crew.join()
        #expect(!FileManager.default.fileExists(atPath: home.socket))
        let log = (try? home.contents(of: home.log)) ?? Data()
        #expect(log.isEmpty, "a drain moves the log into the database")

        daemon = try Daemon(home)
        let peer = try daemon.connect()
        for client in clients {
            #expect(client.failure == nil)
            // Everything that was answered is there: the flush interval is an hour.
            for (key, value) in try client.look(peer).enumerated() {
                let changes = client.history.changes[key]
                let first = client.history.firstPossible(key, committed: .after(seconds: 0))
                #expect(changes[first...].contains { $0.value == value }, "\(client.function), key \(key)")
            }
        }
    }

    @Test func whatWasUsedLastIsReadIntoMemoryAfterAStart() throws {
        let home = try Home()
        // Room for a third of the entries.
        let options = ["--hot-bytes", "640KiB"]
        let daemon = try Daemon(home, options)
        var peer = try daemon.connect()
        let value = "\"\(String(repeating: "v", count: 60))\""
        for first in stride(from: 0, to: 9000, by: 1000) {
            let entries = (first..<first + 1000).map { "{\"key\":\($0),\"value\":\(value)}" }
            let reply = try peer.call(
                Peer.request("mput", "f", "\"entries\":[\(entries.joined(separator: ","))]"))
            #expect(reply.int("stored") == 1000)
        }
        #expect(try peer.sync().isOK)
        // The first ones, which are the last ones used.
        for key in 0..<1000 { #expect(try peer.get("f", "\(key)").isHit) }
        try daemon.stop()

        let next = try Daemon(home, options)
        peer = try next.connect()
        try peer.until("they are in memory") { try $0.stats().int("hot.entries") ?? 0 >= 2000 }
        for key in stride(from: 0, to: 1000, by: 20) {
            #expect(try peer.why("f", "\(key)").string("tier") == "hot", "\(key)")
        }
        #expect(try peer.stats().int("hot.bytes") ?? .max <= 640 << 10)
    }

    @Test func aWaitingGetIsAnsweredWhenItDrains() throws {
        let daemon = try Daemon()
        let holder = try daemon.connect()
        #expect(try holder.get("f", "1", "\"lease_ms\":60000").has("lease"))
        let waiter = try daemon.connect()
        try waiter.send(
            Peer.request("get", "f", "\"key\":1,\"lease_ms\":60000,\"wait_ms\":60000"),
            #"{"op":"ping","id":2}"#)
        try holder.until("it waits") { try $0.stats().int("leases.waiters") == 1 }
        daemon.process.signal(SIGTERM)
        let reply = try waiter.reply()
        #expect(reply.bool("hit") == false)
        #expect(reply.bool("held") == true)
        #expect(try waiter.reply().int("id") == 2)
        #expect(try waiter.line() == nil)
        #expect(try daemon.process.wait() == .exited(0))
    }

    @Test func afterAHalfCloseEverythingIsAnswered() throws {
        let daemon = try Daemon(nil, ["--hot-bytes", "64KiB"])
        let setup = try daemon.connect()
        let value = "\"\(String(repeating: "v", count: 3000))\""
        for key in 0..<200 { #expect(try setup.put("f", "\(key)", value).isOK) }
        #expect(try setup.sync().isOK)
        let peer = try daemon.connect()
        var requests: [String] = []
        for number in 0..<1000 {
            switch number % 4 {
            case 0: requests.append("{\"op\":\"get\",\"fn\":\"f\",\"key\":\(number % 200),\"id\":\(number)}")
            case 1:
                requests.append(
                    "{\"op\":\"put\",\"fn\":\"g\",\"key\":\(number),\"value\":1,\"durable\":true,\"id\":\(number)}"
                )
            case 2: requests.append("{\"op\":\"delete\",\"fn\":\"g\",\"key\":\(number - 1),\"id\":\(number)}")
            default: requests.append("not json")
            }
        }
        // The last line has no end: the end of the input ends it.
        try peer.send(bytes: requests.joined(separator: "\n").utf8)
        peer.halfClose()
        for number in 0..<1000 {
            let reply = try peer.reply()
            if number % 4 == 3 {
                #expect(reply.code == "bad_json")
            } else {
                #expect(reply.int("id") == number)
            }
            if number % 4 == 0 { #expect(reply.value == value) }
            if number % 4 == 2 { #expect(reply.int("deleted") == 1) }
        }
        #expect(try peer.line() == nil)
        try setup.until("it is gone") { try $0.stats().int("connections") == 1 }
    }

    @Test func aLineThatTheDaemonsEndCutsIsNotCalledWrong() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        try peer.send(Peer.request("put", "f", "\"key\":1,\"value\":1"))
        #expect(try peer.reply().isOK)
        try peer.send(bytes: (Peer.request("get", "f", "\"key\":1") + "\n{\"op\":\"get\",\"f").utf8)
        #expect(try peer.reply().value == "1")
        daemon.process.signal(SIGTERM)
        #expect(try peer.reply().code == "shutting_down")
        #expect(try peer.line() == nil)
        #expect(try daemon.process.wait() == .exited(0))
    }

    @Test func aStaleSocketIsReplacedAndALiveFileIsNot() throws {
        let home = try Home()
        let first = try Daemon(home)
        try first.kill()
        #expect(FileManager.default.fileExists(atPath: home.socket))
        let second = try Daemon(home)
        #expect(try second.connect().call(#"{"op":"ping"}"#).isOK)
        try second.stop()
        #expect(!FileManager.default.fileExists(atPath: home.socket))

        try home.write(Data("precious".utf8), to: home.socket)
        let third = try Daemon(home, waits: false)
        #expect(try third.process.wait() == .exited(1))
        #expect(try home.contents(of: home.socket) == Data("precious".utf8))
    }

    @Test func aSocketThatIsNotItsOwnAnyMoreIsLeft() throws {
        let home = try Home()
        let daemon = try Daemon(home)
        try FileManager.default.removeItem(atPath: home.socket)
        try home.write(Data("somebody else's".utf8), to: home.socket)
        #expect(try daemon.stop() == .exited(0))
        #expect(try home.contents(of: home.socket) == Data("somebody else's".utf8))
    }

    @Test(arguments: [
        (["--hot-bytes", "256mb"], "256mb"), (["--flush-interval", "5"], "5"),
        (["--durability", "maybe"], "maybe"),
        (["--max-connections", "0"], "0"), (["--socket-mode", "rw"], "rw"),
        (["--no-such-option"], "no-such-option"),
        (["--allow-user", "no-such-user-at-all"], "no-such-user-at-all"),
        (["--config", "/no/such/file"], "/no/such/file"),
    ]) func aWrongSettingIsAUsageErrorThatNamesIt(_ arguments: [String], _ named: String) throws {
        let daemon = try Daemon(nil, arguments, waits: false)
        #expect(try daemon.process.wait() == .exited(64))
        #expect(daemon.process.log.contains(named), "\(daemon.process.log)")
    }

    @Test func settingsComeFromOptionsEnvironmentAndFileInThisOrder() throws {
        let home = try Home()
        try home.write(
            Data("hot-bytes = 1MiB\ncold-bytes = 2MiB\nmax-connections = 11\n".utf8),
            to: home.path + "/memod.conf")
        let daemon = try Daemon(
            home, ["--config", home.path + "/memod.conf", "--hot-bytes", "3MiB"],
            environment: ["MEMOD_COLD_BYTES": "5MiB", "MEMOD_HOT_BYTES": "4MiB"])
        let stats = try daemon.connect().stats()
        #expect(stats.int("hot.limit_bytes") == 3 << 20)
        #expect(stats.int("cold.limit_bytes") == 5 << 20)
        #expect(stats.int("connection_limit") == 11)
    }

    @Test func aHangUpReloadsBudgetsAndKeepsTheOldOnesWhereTheFileIsWrong() throws {
        let home = try Home()
        let file = home.path + "/memod.conf"
        try home.write(Data("hot-bytes = 8MiB\n".utf8), to: file)
        let daemon = try Daemon(home, ["--config", file])
        let peer = try daemon.connect()
        #expect(try peer.put("f", "1", "1").isOK)
        try home.write(Data("hot-bytes = 2MiB\n".utf8), to: file)
        daemon.process.signal(SIGHUP)
        try peer.until("it takes the new budget") { try $0.stats().int("hot.limit_bytes") == 2 << 20 }
        try home.write(Data("hot-bytes = much\n".utf8), to: file)
        daemon.process.signal(SIGHUP)
        #expect(daemon.process.logs("not reloaded"))
        #expect(try peer.stats().int("hot.limit_bytes") == 2 << 20)
        #expect(try peer.get("f", "1").value == "1")
    }

    /// Rows are read faster from there.
    @Test func atRestItMovesItsLogIntoTheDatabase() throws {
        let home = try Home()
        let daemon = try Daemon(home)
        let peer = try daemon.connect()
        let value = "\"" + String(repeating: "v", count: 4 << 20) + "\""
        #expect(try peer.put("f", "1", value).isOK)
        #expect(try peer.sync().isOK)
        #expect(try home.contents(of: home.database).count < 4 << 20)
        try peer.until("the log is moved") { _ in try home.contents(of: home.database).count > 4 << 20 }
        #expect(try peer.get("f", "1").value == value)
    }

    @Test(arguments: ["--help", "--version"]) func itSaysWhatItIs(_ option: String) throws {
        let text = try Command.output(Daemon.binary, option)
        #expect(text.contains("memod"))
    }
}
