import Foundation
import Testing

/// Values past their time, and those that are computed again before it.
@Suite struct StaleTests {
    @Test func inTheGraceTimeOneComputesAndTheRestGetWhatIsThere() throws {
        let home = try Home()
        let clock = try TestClock(home)
        let daemon = try Daemon(home, environment: clock.environment)
        let (one, other) = (try daemon.connect(), try daemon.connect())
        #expect(try one.put("f", "1", "1", "\"ttl_ms\":60000,\"stale_ms\":60000").isOK)
        var reply = try one.get("f", "1", "\"lease_ms\":60000")
        #expect(reply.value == "1" && !reply.has("stale") && !reply.has("lease"))
        try clock.advance(61_000)
        reply = try one.get("f", "1")
        #expect(reply.value == "1" && reply.bool("stale") == true && !reply.has("lease"))
        reply = try one.get("f", "1", "\"lease_ms\":60000,\"wait_ms\":60000")
        #expect(reply.value == "1" && reply.bool("stale") == true)
        let lease = try #require(reply.string("lease"))
        // The others neither wait nor compute, and nor does the one a second time.
        for peer in [one, other] {
            reply = try peer.get("f", "1", "\"lease_ms\":60000,\"wait_ms\":60000")
            #expect(reply.value == "1" && reply.bool("stale") == true && !reply.has("lease"))
        }
        #expect(try one.put("f", "1", "2", "\"lease\":\"\(lease)\",\"ttl_ms\":1000,\"stale_ms\":1000").isOK)
        reply = try other.get("f", "1", "\"lease_ms\":60000")
        #expect(reply.value == "2" && !reply.has("stale"))
        try clock.advance(2001)
        #expect(try !other.get("f", "1").isHit)
        #expect(try other.why("f", "1").string("state") == "expired")
    }

    @Test func aRefresherThatFailsMakesRoomForTheNext() throws {
        let home = try Home()
        let clock = try TestClock(home)
        let daemon = try Daemon(home, environment: clock.environment)
        let other = try daemon.connect()
        #expect(try other.put("f", "1", "1", "\"ttl_ms\":1000,\"stale_ms\":600000,\"tags\":[\"t\"]").isOK)
        try clock.advance(1001)
        var refresher: Peer? = try daemon.connect()
        #expect(try refresher?.get("f", "1", "\"lease_ms\":60000").has("lease") == true)
        #expect(try !other.get("f", "1", "\"lease_ms\":60000").has("lease"))
        refresher = nil
        try other.until("the lease is free") { try $0.stats().int("leases.held") == 0 }
        let lease = try #require(try other.get("f", "1", "\"lease_ms\":60000").string("lease"))
        // What is computed while its tag is cleared is of the time before.
        let third = try daemon.connect()
        #expect(try third.call(#"{"op":"clear","tag":"t"}"#).int("cleared") == 1)
        #expect(try other.put("f", "1", "2", "\"lease\":\"\(lease)\"").string("reason") == "lease_lost")
        #expect(try !other.get("f", "1").isHit)
    }

    /// A. Vattani, F. Chierichetti, K. Lowenstein, "Optimal probabilistic cache stampede prevention", VLDB 2015:
    /// computed again where `-cost · factor · ln u`, u uniform in (0, 1], reaches the time that is left, which it
    /// does with probability exp(-left / (cost · factor)).
    @Test(arguments: [(0.0, 900), (0.5, 900), (1.0, 900), (1.0, 700), (2.0, 800)])
    func earlyRefreshFollowsTheRule(_ factor: Double, _ elapsedSeconds: Int64) throws {
        let home = try Home()
        let clock = try TestClock(home)
        let daemon = try Daemon(home, environment: clock.environment)
        let peer = try daemon.connect()
        let count = 2000
        for start in stride(from: 0, to: count, by: 1000) {
            let entries = (start..<start + 1000).map {
                "{\"key\":\($0),\"value\":1,\"ttl_ms\":1000000,\"cost_ms\":100000}"
            }
            _ = try peer.call(
                Peer.request("mput", "f", "\"entries\":[\(entries.joined(separator: ","))]"))
        }
        try clock.advance(elapsedSeconds * 1000)
        var (early, expected, variance) = (0, 0.0, 0.0)
        for key in 0..<count {
            let reply = try peer.get("f", "\(key)", "\"lease_ms\":60000,\"early\":\(factor),\"meta\":true")
            let left = try #require(reply.int("ttl_ms"))
            let chance = factor == 0 ? 0 : exp(-Double(left) / (100_000 * factor))
            expected += chance
            variance += chance * (1 - chance)
            #expect(reply.has("lease") == reply.has("stale"))
            if reply.has("lease") { early += 1 }
        }
        #expect(abs(Double(early) - expected) <= 5 * variance.squareRoot(), "\(early), expected \(expected)")
        // Without a lease to be had, or without asking for one, no one is told.
        #expect(try !peer.get("f", "0", "\"early\":1000000").has("stale"))
    }
}
