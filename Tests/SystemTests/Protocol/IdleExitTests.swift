import Foundation
import Testing

/// A daemon that ends by itself, and one that a client started.
@Suite struct IdleExitTests {
    @Test func itEndsOnceNobodyWasConnectedForSoLong() throws {
        let home = try Home()
        let daemon = try Daemon(home, ["--idle-exit", "400ms"])
        let peer = try daemon.connect()
        let start = Moment.now
        while start.age < 1 { #expect(try peer.put("f", "1", "2").isOK) }
        peer.halfClose()
        #expect(try daemon.process.wait(within: 20) == .exited(0))
        #expect(!FileManager.default.fileExists(atPath: home.socket))
        let next = try Daemon(home)
        #expect(try next.connect().get("f", "1").isHit)
    }

    @Test func itEndsWithTheLastConnectionWhenItWasAskedTo() throws {
        let daemon = try Daemon(nil, ["--idle-exit", "1h"])
        let peer = try daemon.connect()
        // Connected is who was accepted.
        #expect(try peer.put("f", "1", "2").isOK)
        daemon.process.signal(SIGUSR1)
        let start = Moment.now
        while start.age < 0.3 { #expect(try peer.put("f", "1", "2").isOK) }
        peer.halfClose()
        #expect(try daemon.process.wait(within: 20) == .exited(0))
    }

    @Test(arguments: ["-1s", "10", "soon", ""]) func whatIsNoDurationIsAUsageError(value: String) throws {
        let process = try ChildProcess([Daemon.binary, "--idle-exit=\(value)"])
        #expect(try process.wait(within: 20) == .exited(64))
        #expect(process.log.contains("idle-exit"))
    }

    /// One whose database a newer memod made keeps its own beside it, if no one chose the place.
    @Test func aNewerDatabaseIsLeftAloneWhereAClientStartedIt() throws {
        let home = try Home()
        let usual = home.path + "/cache/memod/memod.db"
        var environment = ["XDG_CACHE_HOME": home.path + "/cache", "MEMOD_AUTOSTART": "1"]
        let command = [Daemon.binary, "--socket", home.socket]
        var process = try ChildProcess(command, environment: environment)
        #expect(process.logs(" ready "))
        process.signal(SIGTERM)
        #expect(try process.wait(within: 20) == .exited(0))
        var bytes = try home.contents(of: usual)
        // The user version in the header.
        bytes[60..<64] = Data([0, 0, 1, 0])
        try home.write(bytes, to: usual)

        process = try ChildProcess(command, environment: environment)
        #expect(process.logs(" ready "))
        #expect(process.log.contains(" notice: the database is kept at \(home.path)/cache/memod/memod-"))
        process.signal(SIGTERM)
        #expect(try process.wait(within: 20) == .exited(0))
        #expect(try home.contents(of: usual) == bytes)
        // Said once.
        process = try ChildProcess(command, environment: environment)
        #expect(process.logs(" ready "))
        #expect(!process.log.contains("notice"))
        process.signal(SIGTERM)
        #expect(try process.wait(within: 20) == .exited(0))

        environment["MEMOD_AUTOSTART"] = "0"
        process = try ChildProcess(command, environment: environment)
        #expect(try process.wait(within: 20) == .exited(1))
    }
}
