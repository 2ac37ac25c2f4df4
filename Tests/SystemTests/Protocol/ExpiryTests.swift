import Testing

/// Times to live, with the clock moved.
@Suite struct ExpiryTests {
    @Test func anEntryIsFreshThenStaleThenGone() throws {
        let home = try Home()
        let clock = try TestClock(home)
        let daemon = try Daemon(home, environment: clock.environment)
        let peer = try daemon.connect()
        #expect(try peer.put("f", "1", "1", "\"ttl_ms\":60000,\"stale_ms\":30000,\"cost_ms\":7").isOK)
        var reply = try peer.get("f", "1", "\"meta\":true")
        #expect(reply.string("tier") == "hot")
        #expect(reply.int("cost_ms") == 7)
        #expect(reply.int("hits") == 1)
        #expect(reply.int("ttl_ms")! <= 60_000)
        #expect(reply.int("ttl_ms")! > 50_000)
        #expect(reply.int("age_ms")! < 10_000)
        #expect(!reply.has("stale"))
        try clock.advance(59_000 - Int64(reply.int("age_ms")!))
        #expect(try !peer.get("f", "1").has("stale"))
        try clock.advance(2_000)
        reply = try peer.get("f", "1")
        #expect(reply.value == "1")
        #expect(reply.bool("stale") == true)
        #expect(try peer.why("f", "1").string("state") == "present")
        try clock.advance(30_000)
        #expect(try !peer.get("f", "1").isHit)
        #expect(try peer.why("f", "1").string("state") == "expired")
        #expect(try peer.stats().int("expirations") == 1)
    }

    @Test func aTouchGivesAnotherTimeAndItSurvives() throws {
        let home = try Home()
        let clock = try TestClock(home)
        var daemon = try Daemon(home, environment: clock.environment)
        var peer = try daemon.connect()
        for key in 1...3 { #expect(try peer.put("f", "\(key)", "\(key)", "\"ttl_ms\":60000").isOK) }
        #expect(
            try peer.call(Peer.request("touch", "f", "\"key\":1,\"ttl_ms\":600000")).bool("touched") == true)
        #expect(
            try peer.call(Peer.request("touch", "f", "\"key\":2,\"ttl_ms\":null")).bool("touched") == true)
        #expect(try peer.call(Peer.request("touch", "f", "\"key\":9,\"ttl_ms\":1")).bool("touched") == false)
        // A touch is answered after its commit.
        try daemon.kill()
        try clock.advance(120_000)
        daemon = try Daemon(home, environment: clock.environment)
        peer = try daemon.connect()
        #expect(try peer.get("f", "1").value == "1")
        #expect(try peer.get("f", "2").value == "2")
        #expect(try !peer.get("f", "3").isHit)
        try clock.advance(600_000)
        #expect(try !peer.get("f", "1").isHit)
        #expect(try peer.get("f", "2").value == "2")
        #expect(
            try peer.call(Peer.request("touch", "f", "\"key\":1,\"ttl_ms\":600000")).bool("touched") == false)
    }

    @Test func aProfilesTimesAreTheDefault() throws {
        let home = try Home()
        let clock = try TestClock(home)
        var daemon = try Daemon(home, environment: clock.environment)
        var peer = try daemon.connect()
        let profile = try peer.define("f", "\"ttl_ms\":10000,\"stale_ms\":5000,\"maxsize\":9")
        #expect(profile.int("ttl_ms") == 10_000)
        try daemon.stop()
        daemon = try Daemon(home, environment: clock.environment)
        peer = try daemon.connect()
        #expect(try peer.put("f", "1", "1").isOK)
        #expect(try peer.put("f", "2", "2", "\"ttl_ms\":100000").isOK)
        #expect(try peer.put("f", "3", "3", "\"ttl_ms\":null").isOK)
        try clock.advance(12_000)
        #expect(try peer.get("f", "1").bool("stale") == true)
        try clock.advance(5_000)
        #expect(try !peer.get("f", "1").isHit)
        #expect(try !peer.get("f", "2").has("stale"))
        #expect(try peer.get("f", "3").value == "3")
        // Fields left out stay.
        let changed = try peer.define("f", "\"ttl_ms\":null")
        #expect(changed.int("maxsize") == 9)
        #expect(changed["ttl_ms"] == nil)
        #expect(changed.int("stale_ms") == 5000)
    }

    @Test func expiredEntriesAreSweptAndTheirSpaceIsGivenBack() throws {
        let home = try Home()
        let clock = try TestClock(home)
        let daemon = try Daemon(home, environment: clock.environment)
        let peer = try daemon.connect()
        for key in 0..<500 { #expect(try peer.put("f", "\(key)", "\"some value\"", "\"ttl_ms\":1000").isOK) }
        #expect(try peer.put("f", "\"stays\"", "1").isOK)
        try clock.advance(5_000)
        // No one asks for them.
        try peer.until("they are swept", within: 30) { try $0.stats().int("cold.entries") == 1 }
        #expect(try peer.stats().int("hot.entries") == 1)
        #expect(try peer.info("f").int("expirations") == 500)
    }

    @Test func earlyRecomputationIsAskedOfSomeAndOnlyNearTheEnd() throws {
        let home = try Home()
        let clock = try TestClock(home)
        let daemon = try Daemon(home, environment: clock.environment)
        let peer = try daemon.connect()
        var early = 0
        for key in 0..<200 {
            #expect(try peer.put("f", "\(key)", "1", "\"ttl_ms\":100000,\"cost_ms\":1000").isOK)
        }
        for key in 0..<200 {
            if try peer.get("f", "\(key)", "\"lease_ms\":1000,\"early\":1").has("lease") { early += 1 }
        }
        #expect(early == 0, "a hundred costs before the end nobody is")
        try clock.advance(98_000)
        for key in 0..<200 {
            if try peer.get("f", "\(key)", "\"lease_ms\":1000,\"early\":1").has("lease") { early += 1 }
        }
        // exp(-2 or less) of them: 27 of 200, of which a tenth is not by chance in a billion runs.
        #expect(early > 2)
        #expect(early < 120)
    }
}
