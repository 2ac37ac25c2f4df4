import Foundation
import Testing

/// A disk that fails, is full, or hangs. The shim makes it so; a small file system of its own does where the
/// machine lets a test mount one.
@Suite(.enabled(if: FaultControl.isAvailable)) struct DiskFaultTests {
    private static let failing: [FaultControl.Word] = [.writeError, .syncError]

    @Test(arguments: failing) func aFailingDiskIsReportedAndNothingIsMadeUp(_ word: FaultControl.Word) throws
    {
        let home = try Home()
        let faults = try FaultControl(home)
        // With `full` each commit syncs.
        let options = ["--durability", "full", "--flush-interval", "10ms"]
        var daemon = try Daemon(home, options, faults: faults)
        var peer = try daemon.connect()
        #expect(try peer.put("f", "\"before\"", "1", "\"durable\":true").bool("stored") == true)
        #expect(try peer.put("f", "\"victim\"", "1", "\"durable\":true").bool("stored") == true)

        faults[word] = Int64(EIO)
        let refused = try peer.put("f", "\"durable\"", "2", "\"durable\":true")
        #expect(refused.code == "storage", "\(refused)")
        try peer.until("it says so") { try $0.stats().bool("degraded") == true }
        #expect(faults[.failedCalls] > 0)
        let kept = try peer.put("f", "\"kept\"", "3")
        #expect(kept.bool("stored") == true)
        #expect(kept.bool("degraded") == true)
        #expect(try peer.get("f", "\"before\"").value == "1")
        #expect(try peer.get("f", "\"kept\"").value == "3")
        let sync = try peer.sync()
        #expect(sync.code == "storage", "\(sync)")
        // What cannot be promised is not: it would come back after a crash.
        let deletion = try peer.call(Peer.request("delete", "f", "\"key\":\"victim\""))
        #expect(deletion.code == "storage", "\(deletion)")
        let again = try peer.call(Peer.request("delete", "f", "\"key\":\"victim\""))
        #expect(again.code == "storage", "it is still there: \(again)")
        #expect(daemon.process.log.contains("the disk takes no writes"), "\(daemon.process.log)")

        faults[word] = 0
        try peer.until("it recovers by itself") { try $0.stats().bool("degraded") == false }
        #expect(try peer.put("f", "\"after\"", "4", "\"durable\":true").bool("stored") == true)
        try peer.until("all is written") { try $0.sync().isOK }
        try daemon.kill()
        daemon = try Daemon(home, options, faults: faults)
        peer = try daemon.connect()
        #expect(try peer.get("f", "\"before\"").value == "1")
        #expect(try peer.get("f", "\"kept\"").value == "3", "it was written once the disk took it")
        #expect(try peer.get("f", "\"after\"").value == "4")
        #expect(home.quarantined.isEmpty)
        // What it could not write at the end it does not pass over.
        #expect(try peer.put("f", "\"last\"", "5").bool("stored") == true)
        faults[word] = Int64(EIO)
        #expect(try daemon.stop() == .exited(1))
        #expect(daemon.process.log.contains("not on disk"), "\(daemon.process.log)")
    }

    @Test func aDiskThatCannotReadIsNoReasonForAWrongAnswer() throws {
        let home = try Home()
        let faults = try FaultControl(home)
        let daemon = try Daemon(home, ["--hot-bytes", "16KiB"], faults: faults)
        let peer = try daemon.connect()
        let value = String(repeating: "v", count: 2000)
        for key in 0..<500 { #expect(try peer.put("f", "\(key)", "\"\(key)\(value)\"").isOK) }
        #expect(try peer.sync().isOK)
        faults[.readError] = Int64(EIO)
        for key in 0..<500 {
            let reply = try peer.get("f", "\(key)")
            #expect(
                reply.isHit ? reply.value == "\"\(key)\(value)\"" : reply.code == "storage" || reply.isOK,
                "\(reply)")
        }
        #expect(try peer.call(#"{"op":"ping"}"#).isOK)
        faults[.readError] = 0
        try peer.until("it reads again") { try $0.get("f", "499").isOK }
        for key in 0..<500 {
            var reply = try peer.get("f", "\(key)")
            if reply.code == "storage" {
                try peer.until("it is open again") {
                    reply = try $0.get("f", "\(key)")
                    return reply.isOK
                }
            }
            // A miss if the file was given up meanwhile (its check in the background may meet the fault, too).
            #expect(reply.isOK && (!reply.isHit || reply.value == "\"\(key)\(value)\""), "\(reply)")
        }
    }

    @Test func aHungDiskHoldsUpOnlyThoseWhoNeedIt() throws {
        let home = try Home()
        let faults = try FaultControl(home)
        let daemon = try Daemon(home, ["--hot-bytes", "32MiB"], faults: faults)
        let peer = try daemon.connect()
        // No two are the same, so that none is kept once for several.
        @Sendable func value(_ name: String) -> String {
            "\"\(name) \(String(repeating: "v", count: 10_000))\""
        }
        for key in 0..<5000 {
            try peer.send(Peer.request("put", "f", "\"key\":\(key),\"value\":\(value("\(key)"))"))
        }
        for _ in 0..<5000 { #expect(try peer.reply().isOK) }
        #expect(try peer.put("f", "\"hot\"", "1").isOK)
        #expect(try peer.sync().isOK)
        let before = try daemon.memoryKB()

        faults[.hangs] = 1
        defer { faults[.hangs] = 0 }
        let waiting = try daemon.connect()
        try waiting.send(Peer.request("put", "f", "\"key\":\"durable\",\"value\":2,\"durable\":true"))
        let reading = try daemon.connect()
        try reading.send((0..<400).map { Peer.request("get", "f", "\"key\":\($0)") }.joined(separator: "\n"))
        // Writers fill the queue, and are then answered `busy`.
        let crew = try Crew.start(4) { number in
            let writer = try Peer(home.socket)
            for key in 0..<100_000 {
                let reply = try writer.put("g\(number)", "\(key)", value("\(number) \(key)"))
                if reply.code == "busy" { return }
                guard reply.isOK else { throw HarnessError("\(reply)") }
            }
            throw HarnessError("never busy")
        }
        let start = Moment.now
        while start.age < 2 {
            let asked = Moment.now
            #expect(try peer.get("f", "\"hot\"").value == "1")
            #expect(asked.age < 1)
        }
        #expect(try waiting.isSilent(for: 0), "a durable put was answered without the disk")
        try crew.join()
        #expect(try daemon.memoryKB() - before < 96 << 10)
        faults[.hangs] = 0
        #expect(try waiting.reply().bool("stored") == true)
        for key in 0..<400 {
            let reply = try reading.reply()
            #expect(reply.value == value("\(key)") || reply.code == "busy", "\(reply)")
        }
        try peer.until("the queue drains") { try $0.stats().int("cold.pending")! < 1000 }
        #expect(try peer.put("f", "\"after\"", "3", "\"durable\":true").bool("stored") == true)
        #expect(try daemon.stop(within: 30) == .exited(0))
    }

    @Test func whatAPeerHasSentTakesEffectThoughItGoesWhileTheDiskIsSlow() throws {
        let home = try Home()
        let faults = try FaultControl(home)
        let daemon = try Daemon(home, ["--hot-bytes", "16KiB"], faults: faults)
        let peer = try daemon.connect()
        let value = String(repeating: "v", count: 2000)
        for key in 0..<100 { #expect(try peer.put("f", "\(key)", "\"\(key)\(value)\"").isOK) }
        #expect(try peer.sync().isOK)
        // Not asked of those that are to be read: their pages would be at hand then.
        #expect(try peer.why("f", "30").string("tier") == "cold")
        faults[.hangs] = 1
        defer { faults[.hangs] = 0 }
        do {
            let gone = try daemon.connect()
            // Each begins with a row that has to be read.
            try gone.send(
                Peer.request("delete", "f", "\"key\":1"),
                Peer.request("put", "f", "\"key\":2,\"value\":\"new\""),
                Peer.request("touch", "f", "\"key\":3,\"ttl_ms\":3600000"),
                Peer.request("put", "f", "\"key\":\"last\",\"value\":1"))
        }
        // The loop has seen that it is gone.
        for _ in 0..<20 { #expect(try peer.call(#"{"op":"ping"}"#).isOK) }
        faults[.hangs] = 0
        try peer.until("the last of them took effect") { try $0.get("f", "\"last\"").isHit }
        #expect(try !peer.get("f", "1").isHit)
        #expect(try peer.get("f", "2").value == "\"new\"")
        #expect(try peer.why("f", "3").int("ttl_ms") != nil)
    }

    @Test(.enabled(if: Command.canMount)) func aFullDiskLeavesMemoryServingAndIsMadeRoomOn() throws {
        let home = try Home()
        try FileManager.default.createDirectory(
            atPath: home.path + "/small", withIntermediateDirectories: false)
        let mount = "mount -t tmpfs -o size=32m tmpfs \"$0\" && exec \"$@\""
        let daemon = try Daemon(
            home,
            ["--database", home.path + "/small/memod.db", "--flush-interval", "10ms", "--hot-bytes", "8MiB"],
            wrapper: ["unshare", "--mount", "sh", "-c", mount, home.path + "/small"])
        let peer = try daemon.connect()
        // Four times as much as there is room for.
        let value = String(repeating: "v", count: 20_000)
        for key in 0..<6500 {
            let reply = try peer.put("f", "\(key)", "\"\(key) \(value)\"")
            #expect(reply.isOK || reply.code == "busy", "\(reply)")
            if key % 500 == 0 { #expect(try peer.get("f", "\(key)").isOK) }
        }
        #expect(try peer.put("f", "\"small\"", "1").bool("stored") == true)
        #expect(try peer.get("f", "\"small\"").value == "1")
        // Older entries make room for newer ones.
        try peer.until("a commit succeeds", within: 30) {
            try $0.put("f", "\"durable\"", "2", "\"durable\":true").bool("stored") == true
        }
        try peer.until("it is no longer degraded", within: 30) { try $0.stats().bool("degraded") == false }
        #expect(try peer.stats().int("evictions")! > 0)
        var hits = 0
        for key in 0..<6500 {
            let reply = try peer.get("f", "\(key)")
            if reply.isHit {
                hits += 1
                #expect(reply.value == "\"\(key) \(value)\"")
            }
        }
        print("full disk: \(hits) of 6500 entries are still there")
        #expect(hits > 100)
        #expect(try daemon.stop() == .exited(0), "\(daemon.process.log)")
    }
}
