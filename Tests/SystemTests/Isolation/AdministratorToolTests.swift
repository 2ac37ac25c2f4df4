import Foundation
import Testing

/// memoctl as an administrator of a daemon that isolates its users: functions of one name are several.
@Suite(.enabled(if: Household.isPossible && Memoctl.binary != nil)) struct AdministratorToolTests {
    private func filled() throws -> Household {
        let household = try Household()
        let peers = [("alice's", try household.alice.connect()), ("ours", try household.daemon.connect())]
        for (value, peer) in peers {
            #expect(try peer.put("f", "1", "\"\(value)\"", #""tags":["t"]"#).isOK)
            #expect(try peer.put("common.f", "2", "2").isOK)
        }
        #expect(try household.alice.connect().put("g", "1", "1").isOK)
        return household
    }

    private func memoctl(_ household: Household, _ arguments: String...) throws -> [Substring] {
        try Command.output(arguments: [Memoctl.binary!, "--socket", household.home.socket] + arguments)
            .split(separator: "\n")
    }

    @Test func anExportHasOnesOwnOnce() throws {
        let household = try filled()
        let lines = try memoctl(household, "export", "-")
        #expect(lines.filter { $0.hasPrefix("{\"define\"") }.count == 2)
        let entries = lines.filter { $0.hasPrefix("{\"fn\"") }
        #expect(entries.count == 2)
        #expect(entries.contains { $0.contains("\"ours\"") && $0.contains("[\"t\"]") })
    }

    @Test func aListingOfSeveralUsersSaysWhoseEachIs() throws {
        let household = try filled()
        let several = try memoctl(household, "keys", "f").map { $0.split(separator: " ") }
        #expect(several[0].last == "UID")
        #expect(Set(several.dropFirst().map(\.last)) == ["\(Household.aliceID)", "\(geteuid())"])
        #expect(try memoctl(household, "keys", "g").first?.hasSuffix("TIER") == true)
    }

    @Test func aNameMeansEverybodys() throws {
        let household = try filled()
        #expect(
            try memoctl(household, "stats", "f").first
                == "CacheInfo(hits=0, misses=0, maxsize=None, currsize=2)")
        #expect(
            try memoctl(household, "stats", "g").first
                == "CacheInfo(hits=0, misses=0, maxsize=None, currsize=1)")
        #expect(try memoctl(household, "history", "f", "--csv").count > 1)
        #expect(try memoctl(household, "forget", "f").first == "forgot 2 functions, 2 entries")
    }

    @Test func figuresOfAFunctionThatOnlyOthersHaveAreShown() throws {
        let household = try filled()
        #expect(try household.alice.connect().get("g", "1").isHit)
        #expect(
            try memoctl(household, "stats", "g").first
                == "CacheInfo(hits=1, misses=0, maxsize=None, currsize=1)")
        // Of a name of one's own, one's own.
        #expect(try household.daemon.connect().call(#"{"op":"info","fn":"f"}"#).int("currsize") == 1)
        #expect(try household.bob.connect().call(#"{"op":"info","fn":"g"}"#).int("currsize") == 0)
    }

    @Test func eachUsersFunctionIsASeriesOfItsOwn() throws {
        let household = try filled()
        let series = try memoctl(household, "stats", "--prometheus")
            .filter { $0.hasPrefix("memod_hits_total") }.map { $0.split(separator: " ")[0] }
        #expect(series.count == 4 && Set(series).count == 4)
        #expect(series.contains("memod_hits_total{fn=\"f\",uid=\"\(Household.aliceID)\"}"))
        #expect(series.contains("memod_hits_total{fn=\"common.f\"}"))
    }
}
