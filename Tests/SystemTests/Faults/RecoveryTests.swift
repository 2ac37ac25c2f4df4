import Foundation
import Testing

/// Single faults of the disk and of the database's files, and what is left after each.
@Suite(.enabled(if: FaultControl.isAvailable)) struct RecoveryTests {
    private let home: Home
    private let faults: FaultControl

    init() throws {
        home = try Home()
        faults = try FaultControl(home)
    }

    private static let padding = String(repeating: "x", count: 3000)

    private func value(_ key: Int) -> String { "\"\(key) \(Self.padding)\"" }

    private func fill(_ peer: Peer, _ keys: Range<Int>) throws {
        try peer.send(
            keys.map { Peer.request("put", "f", "\"key\":\($0),\"value\":\(value($0))") }.joined(
                separator: "\n"))
        for _ in keys { #expect(try peer.reply().isOK) }
    }

    private func hits(_ peer: Peer, _ keys: Range<Int>) throws -> Int {
        try keys.count { try peer.get("f", "\($0)").value == value($0) }
    }

    private func remove(_ parts: [String] = ["", "-wal", "-shm"]) {
        for part in parts { try? FileManager.default.removeItem(atPath: home.database + part) }
    }

    private static let littleMemory = ["--hot-bytes", "256KiB", "--flush-interval", "10ms"]

    /// Started again after 400 entries, most of which are only on its disk, and with the check over. Faults are of its own
    /// database from now on.
    private func daemonWithColdEntries() throws -> Daemon {
        var daemon = try Daemon(home, Self.littleMemory, faults: faults)
        try fill(daemon.connect(), 0..<400)
        #expect(try daemon.connect().sync().isOK)
        #expect(try daemon.stop() == .exited(0))
        daemon = try Daemon(home, Self.littleMemory, faults: faults)
        try daemon.connect().until("the check is over") {
            try $0.stats().string("cold.check.state") == "done"
        }
        faults[.mask] = 3
        return daemon
    }

    /// The writer's own reads, each of its first in turn, and cold gets.
    @Test(arguments: [0, 1, 2, 3, 5, 8, 13]) func oneReadThatFailsGivesNothingUp(skip: Int) throws {
        var daemon = try daemonWithColdEntries()
        let peer = try daemon.connect()
        faults[.skip] = Int64(skip)
        faults[.times] = 1
        faults[.readError] = Int64(EIO)
        for key in 0..<40 {
            #expect(try peer.call(Peer.request("delete", "f", "\"key\":\(key * 3)")).code != "bad_request")
            #expect(try peer.put("g", "\(key)", "1", "\"durable\":true").isOK)
        }
        faults[.readError] = 0
        try peer.until("all is well") { try $0.stats().bool("degraded") == false && $0.sync().isOK }
        #expect(home.quarantined.isEmpty)
        #expect(try hits(peer, 120..<400) == 280)
        try daemon.kill()
        daemon = try Daemon(home, Self.littleMemory, faults: faults)
        #expect(try hits(daemon.connect(), 120..<400) == 280)
        #expect(home.quarantined.isEmpty)
    }

    /// An error of the disk may be over: whoever asks does not hear of one.
    @Test func aColdReadThatFailsOnceIsTriedAgain() throws {
        let daemon = try daemonWithColdEntries()
        let peer = try daemon.connect()
        for key in 0..<400 {
            faults[.skip] = 0
            faults[.times] = 1
            faults[.readError] = Int64(EIO)
            let reply = try peer.get("f", "\(key)")
            #expect(reply.value == value(key), "\(key): \(reply)")
        }
        faults[.readError] = 0
        #expect(home.quarantined.isEmpty)
    }

    /// In `normal` the log is synced when it is moved into the database, and the kernel may forget what it could not write.
    @Test func aFailedSyncBringsNothingBack() throws {
        faults.dropping = true
        var daemon = try Daemon(home, faults: faults)
        var peer = try daemon.connect()
        let long = String(repeating: "y", count: 20_000)
        #expect(try peer.put("f", "\"A\"", "\"old\"", "\"durable\":true").isOK)
        #expect(try peer.put("f", "\"C\"", "1", "\"durable\":true").isOK)
        for key in 0..<100 { #expect(try peer.put("g", "\(key)", "\"\(key) \(long)\"").isOK) }
        try peer.until("the log is moved at rest") { _ in
            try peer.sync().isOK
                && FileManager.default.attributesOfItem(atPath: home.database)[.size] as? Int ?? 0 > 2_000_000
        }
        #expect(try peer.call(Peer.request("delete", "f", "\"key\":\"A\"")).int("deleted") == 1)
        #expect(try peer.put("f", "\"C\"", "2", "\"durable\":true").isOK)
        faults[.mask] = 2
        faults[.drops] = 1
        faults[.syncError] = Int64(EIO)
        for key in 1000..<1800 { #expect(try peer.put("g", "\(key)", "\"\(key) \(long)\"").isOK) }
        try peer.until("a sync failed") { _ in faults[.failedCalls] > 0 }
        faults[.syncError] = 0
        try peer.until("all is well") { try $0.stats().bool("degraded") == false && $0.sync().isOK }
        try peer.until("memory is written to the new one") {
            try $0.put("f", "\"D\"", "3", "\"durable\":true").isOK
        }
        for isRestarted in [false, true] {
            #expect(try !peer.get("f", "\"A\"").isHit, "restarted: \(isRestarted)")
            #expect(try peer.get("f", "\"C\"").value == "2")
            #expect(try peer.get("f", "\"D\"").value == "3")
            #expect(try (1000..<1800).count { try peer.get("g", "\($0)").isHit } == 800)
            if isRestarted { break }
            try daemon.kill()
            daemon = try Daemon(home, faults: faults)
            peer = try daemon.connect()
        }
    }

    @Test(arguments: [EMFILE, EIO]) func aRebuildThatFailsHalfWayIsNoDatabase(code: Int32) throws {
        var daemon = try Daemon(home, faults: faults)
        var peer = try daemon.connect()
        try fill(peer, 0..<100)
        #expect(try peer.sync().isOK)
        // The new database can be made, but its log cannot be opened.
        faults[.mask] = 2
        faults[.openError] = Int64(code)
        remove()
        try peer.until("it was tried") { _ in faults[.failedCalls] > 2 }
        faults[.openError] = 0
        try peer.until("all is well") { try $0.stats().bool("degraded") == false && $0.sync().isOK }
        #expect(try peer.put("f", "\"after\"", "1", "\"durable\":true").isOK)
        #expect(try daemon.stop() == .exited(0))
        daemon = try Daemon(home, faults: faults)
        peer = try daemon.connect()
        #expect(try hits(peer, 0..<100) == 100)
        #expect(try peer.get("f", "\"after\"").isHit)
    }

    /// No one has noticed yet, and still the answer is a promise.
    @Test(arguments: [["", "-wal", "-shm"], [""], ["-wal"]])
    func aDurablePutRightAfterTheRemovalSurvives(parts: [String]) throws {
        for round in 0..<5 {
            var daemon = try Daemon(home, faults: faults)
            let peer = try daemon.connect()
            try fill(peer, 0..<20)
            #expect(try peer.put("r", "\(round)", "1", "\"durable\":true").isOK)
            remove(parts)
            let reply = try peer.put("r", "\"x\(round)\"", "1", "\"durable\":true")
            try daemon.kill()
            daemon = try Daemon(home, faults: faults)
            if reply.isOK, reply.bool("degraded") != true {
                #expect(try daemon.connect().get("r", "\"x\(round)\"").isHit, "round \(round): \(reply)")
            }
            #expect(reply.isOK, "\(reply)")
            try daemon.kill()
        }
    }

    /// Within one boot the offset of the clock is known, though nothing was committed in it.
    @Test func aJumpOfTheClockInABootWithoutCommitsEndsNoEntry() throws {
        faults.boot = "first"
        var daemon = try Daemon(home, faults: faults)
        #expect(try daemon.connect().put("f", "1", "1", "\"ttl_ms\":86400000").isOK)
        #expect(try daemon.stop() == .exited(0))
        faults.boot = "second"
        daemon = try Daemon(home, faults: faults)
        #expect(try daemon.connect().call(#"{"op":"ping"}"#).isOK)
        faults[.wallMs] = 365 * 86_400_000
        try daemon.kill()
        daemon = try Daemon(home, faults: faults)
        #expect(try daemon.connect().get("f", "1").isHit)
    }

    /// One flipped bit in a log would bring back what was deleted before the frames behind it.
    @Test func aDamagedLogBringsNothingBack() throws {
        var daemon = try Daemon(home, faults: faults)
        var peer = try daemon.connect()
        #expect(try peer.put("f", "\"A\"", "\"deleted\"", "\"durable\":true").isOK)
        for key in 0..<30 { #expect(try peer.put("f", "\(key)", "1", "\"durable\":true").isOK) }
        let older = try home.contents(of: home.log)
        #expect(try peer.call(Peer.request("delete", "f", "\"key\":\"A\"")).isOK)
        for key in 0..<30 { #expect(try peer.put("f", "\(key)", "2", "\"durable\":true").isOK) }
        try daemon.kill()
        var flipped = try home.contents(of: home.log)
        flipped[flipped.count / 2] ^= 4
        let witness = try home.contents(of: home.database + ".commit")
        let database = try home.contents(of: home.database)
        for log in [flipped, older] {
            remove()
            try home.write(database, to: home.database)
            try home.write(log, to: home.log)
            try home.write(witness, to: home.database + ".commit")
            daemon = try Daemon(home, faults: faults)
            peer = try daemon.connect()
            #expect(try !peer.get("f", "\"A\"").isHit)
            for key in 0..<30 { #expect(try peer.get("f", "\(key)").value ?? "2" == "2") }
            #expect(daemon.process.log.contains("not as it was left"), "\(daemon.process.log)")
            try daemon.kill()
        }
        #expect(home.quarantined.count == 2)
    }

    /// A file system that hangs for as little as a name: leases end, it says so, and it ends.
    @Test func aFileSystemThatHangsHoldsNobodyUp() throws {
        let daemon = try Daemon(home, ["--flush-interval", "10ms"], faults: faults)
        let peer = try daemon.connect()
        try fill(peer, 0..<20)
        #expect(try peer.sync().isOK)
        faults[.hangs] = 2
        defer { faults[.hangs] = 0 }
        let waiting = try daemon.connect()
        try waiting.send(Peer.request("put", "f", "\"key\":\"lost\",\"value\":2,\"durable\":true"))
        let holder = try daemon.connect()
        #expect(try holder.get("l", "1", "\"lease_ms\":200").has("lease"))
        let asked = Moment.now
        #expect(try peer.get("l", "1", "\"lease_ms\":200,\"wait_ms\":20000").has("lease"))
        #expect(asked.age < 2)
        try peer.until("it says so", within: 15) {
            let looked = Moment.now
            #expect(try $0.get("f", "1").isHit)
            #expect(looked.age < 1)
            return try $0.stats().bool("degraded") == true
        }
        daemon.process.signal(SIGTERM)
        #expect(try daemon.process.wait(within: 30) == .exited(1))
        #expect(daemon.process.log.contains("changes are not on disk"), "\(daemon.process.log)")
    }
}
