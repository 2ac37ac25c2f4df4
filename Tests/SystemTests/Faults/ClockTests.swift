import Testing

/// Clocks that jump: what lives for an hour lives for an hour.
@Suite(.enabled(if: FaultControl.isAvailable)) struct ClockTests {
    private static let hour: Int64 = 3_600_000
    private static let year: Int64 = 365 * 24 * hour

    @Test(arguments: [year, -year]) func withinOneBootTheWallClockIsNothing(_ jump: Int64) throws {
        let home = try Home()
        let faults = try FaultControl(home)
        var daemon = try Daemon(home, faults: faults)
        var peer = try daemon.connect()
        #expect(try peer.put("f", "1", "1", "\"ttl_ms\":\(Self.hour),\"stale_ms\":\(Self.hour)").isOK)
        #expect(try peer.put("f", "2", "2").isOK)
        faults[.wallMs] = jump
        for _ in 0..<2 {
            let reply = try peer.get("f", "1", "\"meta\":true")
            #expect(reply.value == "1")
            #expect(!reply.has("stale"))
            #expect(reply.int("age_ms")! < 60_000)
            #expect(reply.int("ttl_ms")! > Self.hour - 60_000)
            // The same within the same boot after a restart.
            try daemon.stop()
            daemon = try Daemon(home, faults: faults)
            peer = try daemon.connect()
        }
        faults[.bootMs] = Self.hour + 1000
        #expect(try peer.get("f", "1").bool("stale") == true)
        faults[.bootMs] = 2 * Self.hour + 1000
        #expect(try !peer.get("f", "1").isHit)
        #expect(try peer.get("f", "2").value == "2")
    }

    @Test(arguments: [-year, -hour, 0]) func acrossBootsAStepBackIsNoTime(_ jump: Int64) throws {
        let home = try Home()
        let faults = try FaultControl(home)
        var daemon = try Daemon(home, faults: faults)
        #expect(try daemon.connect().put("f", "1", "1", "\"ttl_ms\":\(Self.hour)").isOK)
        try daemon.stop()
        faults.boot = "another-boot"
        faults[.bootMs] = Self.hour * 7
        faults[.wallMs] = jump
        daemon = try Daemon(home, faults: faults)
        let peer = try daemon.connect()
        let reply = try peer.get("f", "1", "\"meta\":true")
        #expect(reply.value == "1")
        #expect(reply.int("ttl_ms")! > Self.hour - 60_000)
        #expect(reply.int("ttl_ms")! <= Self.hour)
        // Nothing is immortal.
        faults[.bootMs] = Self.hour * 8 + 1000
        #expect(try !peer.get("f", "1").isHit)
    }

    @Test func acrossBootsTimeFollowsTheWallClock() throws {
        let home = try Home()
        let faults = try FaultControl(home)
        var daemon = try Daemon(home, faults: faults)
        var peer = try daemon.connect()
        #expect(try peer.put("f", "\"short\"", "1", "\"ttl_ms\":\(Self.hour)").isOK)
        #expect(try peer.put("f", "\"long\"", "2", "\"ttl_ms\":\(3 * Self.hour)").isOK)
        try daemon.stop()
        faults.boot = "another-boot"
        faults[.wallMs] = 2 * Self.hour
        daemon = try Daemon(home, faults: faults)
        peer = try daemon.connect()
        #expect(try !peer.get("f", "\"short\"").isHit)
        let reply = try peer.get("f", "\"long\"", "\"meta\":true")
        #expect(reply.value == "2")
        #expect(reply.int("ttl_ms")! <= Self.hour)
        #expect(reply.int("ttl_ms")! > Self.hour - 60_000)
    }
}
