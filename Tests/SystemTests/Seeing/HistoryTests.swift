import Glibc
import Testing

/// What the daemon says of the past, across restarts, kills and clocks that jump.
@Suite struct HistoryTests {
    private static let minute: Int64 = 60_000

    private struct Sums: Equatable {
        var hits = 0
        var misses = 0
        var savedMs = 0
    }

    /// The sums of all steps, after checking that these are in order and without a gap.
    private func sums(_ peer: Peer, _ members: String = "\"span_ms\":86400000") throws -> Sums {
        let reply = try peer.call("{\"op\":\"history\",\(members)}")
        let step = try #require(reply.int("step_ms"))
        let points = try reply.rows("points")
        var sums = Sums()
        for (index, point) in points.enumerated() {
            #expect(point.int("at")! == points[0].int("at")! + index * step)
            for name in ["hits", "misses", "saved_ms", "evictions", "entries", "hot_bytes", "cold_bytes"] {
                #expect(point.int(name)! >= 0)
            }
            sums.hits += point.int("hits")!
            sums.misses += point.int("misses")!
            sums.savedMs += point.int("saved_ms")!
        }
        return sums
    }

    private func look(_ peer: Peer, _ function: String, hits: Int, misses: Int) throws {
        #expect(try peer.put(function, "1", "1", "\"cost_ms\":5").isOK)
        for _ in 0..<hits { #expect(try peer.get(function, "1").isHit) }
        for _ in 0..<misses { #expect(try !peer.get(function, "2").isHit) }
    }

    @Test func countsWhatHappenedInItsStep() throws {
        let home = try Home()
        let clock = try TestClock(home)
        let daemon = try Daemon(home, environment: clock.environment)
        let peer = try daemon.connect()
        try look(peer, "f", hits: 3, misses: 2)
        try look(peer, "g", hits: 1, misses: 0)
        try clock.advance(10 * Self.minute)
        try look(peer, "f", hits: 4, misses: 1)
        let reply = try peer.call(#"{"op":"history","fn":"f","span_ms":1800000,"points":30}"#)
        #expect(reply.int("step_ms") == 60_000)
        let points = try reply.rows("points")
        #expect(points.count == 30)
        // The step under way is exact to the request.
        #expect(points[29].int("hits") == 4)
        #expect(points[29].int("misses") == 1)
        #expect(points[29].int("saved_ms") == 20)
        #expect(points[29].int("entries") == 1)
        #expect(points[19].int("hits") == 3)
        #expect(points[19].int("misses") == 2)
        #expect(points[25].int("hits") == 0)
        #expect(points[25].int("entries") == 0)
        #expect(try sums(peer) == Sums(hits: 8, misses: 3, savedMs: 40))
        #expect(try sums(peer, "\"fn\":\"unknown\"") == Sums())
    }

    @Test func survivesRestartsKillsAndJumps() throws {
        let home = try Home()
        let clock = try TestClock(home)
        var daemon = try Daemon(home, environment: clock.environment)
        var expected = Sums()
        for round in 0..<6 {
            var peer = try daemon.connect()
            try look(peer, "f", hits: 5, misses: round)
            expected.hits += 5
            expected.misses += round
            expected.savedMs += 25
            #expect(try sums(peer) == expected)
            #expect(try sums(peer, "\"fn\":\"f\"") == expected)
            // The counters are on their way to the disk within half a second.
            try clock.advance(2 * Self.minute)
            #expect(try peer.put("other", "\(round)", "1", "\"durable\":true").isOK)
            if round % 2 == 0 {
                try daemon.stop()
            } else {
                usleep(1_200_000)
                try daemon.kill()
            }
            try clock.advance(7 * Self.minute)
            daemon = try Daemon(home, environment: clock.environment)
            peer = try daemon.connect()
            #expect(try sums(peer) == expected)
            #expect(try sums(peer, "\"fn\":\"f\"") == expected)
            #expect(try sums(peer, "\"span_ms\":604800000") == expected)
        }
        // A clock that is set back: what lies ahead of it now is there again when it comes to it.
        try clock.advance(-30 * Self.minute)
        var peer = try daemon.connect()
        try look(peer, "f", hits: 2, misses: 0)
        expected.hits += 2
        expected.savedMs += 10
        #expect(try sums(peer).hits <= expected.hits)
        try clock.advance(30 * Self.minute)
        #expect(try sums(peer) == expected)
        try daemon.stop()
        daemon = try Daemon(home, environment: clock.environment)
        peer = try daemon.connect()
        #expect(try sums(peer) == expected)
        // A cleared function's counters begin anew, and its history stays.
        #expect(try peer.call(Peer.request("clear", "f")).isOK)
        #expect(try sums(peer, "\"fn\":\"f\"") == expected)
    }

    @Test func whatAFunctionTakesInMemoryFollowsWhatItHas() throws {
        let home = try Home()
        let clock = try TestClock(home)
        let daemon = try Daemon(home, environment: clock.environment)
        let peer = try daemon.connect()
        func now(_ function: String) throws -> [Int] {
            let reply = try peer.call("{\"op\":\"history\",\"fn\":\"\(function)\",\"span_ms\":60000}")
            let last = try #require(reply.rows("points").last)
            return ["entries", "hot_bytes", "cold_bytes"].map { last.int($0)! }
        }
        func put(_ function: String, _ count: Int) throws {
            for key in 0..<count {
                #expect(
                    try peer.put(
                        function, "\(key)", "\"\(function)-\(key)-\(String(repeating: "v", count: 40))\""
                    ).isOK)
                #expect(try peer.get(function, "\(key)").isHit)
            }
        }
        try put("f", 100)
        try put("g", 10)
        let (f, g) = try (now("f"), now("g"))
        #expect(f[0] == 100 && g[0] == 10)
        #expect(f[1] > 100 * 100 && f[1] < 100 * 300 && abs(f[1] - 10 * g[1]) < 1000)
        // Together they take what the tier has.
        #expect(try peer.stats().int("hot.bytes") == f[1] + g[1])
        try clock.advance(Self.minute)
        #expect(try peer.define("f", "\"maxsize\":50").isOK)
        #expect(try peer.get("f", "99").isHit)
        #expect(try abs(now("f")[1] - f[1] / 2) < 1000)
        #expect(try peer.call(Peer.request("clear", "f")).isOK)
        try put("f", 1)
        #expect(try now("f")[0] == 1 && now("f")[1] < 300)
    }

    @Test(.enabled(if: Household.isPossible)) func usersSeeWhatTheyHave() throws {
        let household = try Household()
        let (alice, bob) = try (household.alice.connect(), household.bob.connect())
        func last(_ peer: Peer) throws -> Reply {
            try #require(peer.call(#"{"op":"history","span_ms":60000,"points":1}"#).rows("points").last)
        }
        for key in 0..<20 { #expect(try alice.put("f", "\(key)", "\"alice's \(key)\"").isOK) }
        for key in 0..<5 { #expect(try alice.put("g", "\(key)", "1").isOK) }
        try look(alice, "g", hits: 2, misses: 0)
        try look(bob, "f", hits: 1, misses: 0)
        #expect(try last(alice).int("entries") == 25)
        #expect(try last(alice).int("hits") == 2)
        #expect(try last(bob).int("entries") == 1)
        let (alices, bobs) = try (last(alice), last(bob))
        #expect(alices.int("hot_bytes")! > 25 * 80 && alices.int("cold_bytes")! > 25 * 20)
        #expect(bobs.int("hot_bytes")! < 400)
    }

    @Test(arguments: [
        (#""points":0"#, "points"), (#""points":2001"#, "points"), (#""span_ms":0"#, "span_ms"),
        (#""span_ms":-1"#, "span_ms"), (#""since":5"#, "since"),
    ])
    func refusesWhatMakesNoSense(members: String, named: String) throws {
        let daemon = try Daemon()
        let reply = try daemon.connect().call("{\"op\":\"history\",\(members)}")
        #expect(reply.code == "bad_request")
        #expect(reply.message?.contains(named) == true)
    }
}
