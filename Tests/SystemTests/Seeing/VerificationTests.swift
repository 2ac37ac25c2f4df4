import Foundation
import Testing

/// What clients say of hits that they computed again.
@Suite struct VerificationTests {
    private func report(
        _ peer: Peer, _ function: String, verified: Int, mismatched: Int = 0, kept: String? = nil,
        computed: String = "new", digest: String = "d1"
    ) throws {
        var members = "\"hits\":0,\"verified\":\(verified),\"mismatched\":\(mismatched)"
        if let kept {
            members +=
                ",\"mismatch\":{\"digest\":\"\(digest)\",\"kept\":\"\(kept)\",\"computed\":\"\(computed)\"}"
        }
        let reply = try peer.call(Peer.request("report", function, members))
        #expect(reply.isOK, "\(reply)")
    }

    private func mismatches(_ peer: Peer, _ function: String) throws -> [Reply] {
        try peer.call(Peer.request("info", function, "\"mismatches\":true")).rows("mismatches")
    }

    private func figures(_ reply: Reply) -> [Int?] { [reply.int("verified"), reply.int("mismatched")] }

    @Test func theyAreCountedAndOutliveRestartsAndKills() throws {
        let home = try Home()
        var daemon = try Daemon(home)
        var peer = try daemon.connect()
        #expect(try (peer.call(#"{"op":"hello"}"#)["features"] as? [String])?.contains("verify") == true)
        #expect(try figures(peer.info("f")) == [0, 0])
        try report(peer, "f", verified: 5)
        try report(peer, "f", verified: 2, mismatched: 1, kept: "old \\\"<script>\\\"")
        try report(peer, "g", verified: 1)
        for round in 0..<3 {
            #expect(try figures(peer.info("f")) == [7, 1])
            #expect(try peer.info("f").int("hits") == 0)
            #expect(try !peer.info("f").has("mismatches"))
            #expect(try figures(peer.stats()) == [8, 1])
            let rows = try peer.call(#"{"op":"functions"}"#).rows("functions")
            #expect(rows.prefix(2).map(figures) == [[7, 1], [1, 0]])
            let listed = try mismatches(peer, "f")
            #expect(listed.count == 1)
            #expect(listed.first?.string("kept") == "old \"<script>\"")
            #expect(listed.first?.string("computed") == "new")
            #expect(listed.first?.string("digest") == "d1")
            let now = Int(Date().timeIntervalSince1970 * 1000)
            #expect(abs((listed.first?.int("at") ?? 0) - now) < 120_000)
            #expect(try mismatches(peer, "g").isEmpty)
            #expect(try mismatches(peer, "unknown").isEmpty)
            if round == 0 {
                try daemon.stop()
            } else {
                // What was counted is on its way within half a second, and what is durable comes behind it.
                usleep(1_200_000)
                #expect(try peer.put("h", "1", "1", "\"durable\":true").isOK)
                try daemon.kill()
            }
            daemon = try Daemon(home)
            peer = try daemon.connect()
        }
        // A clear begins the function's counters anew; totals stay, and what differed can still be looked at.
        #expect(try peer.call(Peer.request("clear", "f")).isOK)
        #expect(try figures(peer.info("f")) == [0, 0])
        #expect(try figures(peer.stats()) == [8, 1])
        #expect(try mismatches(peer, "f").count == 1)
        #expect(try peer.call(Peer.request("forget", "f")).isOK)
        #expect(try mismatches(peer, "f").isEmpty)
        #expect(try figures(peer.stats()) == [8, 1])
        try daemon.stop()
        daemon = try Daemon(home)
        peer = try daemon.connect()
        #expect(try mismatches(peer, "f").isEmpty)
        #expect(try figures(peer.stats()) == [8, 1])
    }

    @Test func theLastHundredAreKeptAndShortened() throws {
        let home = try Home()
        var daemon = try Daemon(home)
        var peer = try daemon.connect()
        let long = String(repeating: "é", count: 150)
        for number in 0..<230 {
            try report(
                peer, "f\(number % 2)", verified: 1, mismatched: 1, kept: "\(number)",
                computed: number == 229 ? long : "x", digest: "d\(number)")
        }
        for _ in 0..<2 {
            let listed = try mismatches(peer, "f0") + mismatches(peer, "f1")
            #expect(listed.count == 100)
            let numbers = listed.compactMap { $0.string("kept").flatMap { Int($0) } }
            #expect(
                numbers == (130..<230).reversed().filter { $0 % 2 == 0 }
                    + (130..<230).reversed().filter { $0 % 2 == 1 })
            // Whole characters, of 200 bytes at most.
            #expect(listed[50].string("computed") == String(repeating: "é", count: 100))
            #expect(try peer.info("f0").int("mismatched") == 115)
            try daemon.stop()
            daemon = try Daemon(home)
            peer = try daemon.connect()
        }
    }

    @Test(arguments: [
        (#""hits":0,"verified":-1"#, "verified"), (#""hits":0,"mismatched":"1""#, "mismatched"),
        (#""hits":0,"mismatch":5"#, "mismatch"), (#""hits":0,"mismatch":{}"#, "digest"),
        (#""hits":0,"mismatch":{"digest":"","kept":"a","computed":"b"}"#, "digest"),
        (#""hits":0,"mismatch":{"digest":"d","kept":1,"computed":"b"}"#, "kept"),
        (#""hits":0,"mismatch":{"digest":"d","kept":"a"}"#, "computed"),
        (#""hits":0,"mismatch":{"digest":"d","kept":"a","computed":"b","more":1}"#, "more"),
        (#""hits":0,"mismatch":{"digest":"d","kept":"a","computed":"b","key":1}"#, "key"),
        (#""hits":0,"digest":"d""#, "digest"), (#""verified":1"#, "hits"),
        (#""hits":0,"mismatch":{"digest":"d","kept":"\ud800","computed":"b"}"#, "surrogate"),
    ])
    func whatMakesNoSenseIsRefusedAndCountsNothing(members: String, named: String) throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        let reply = try peer.call(Peer.request("report", "f", members))
        #expect(reply.code == "bad_request", "\(reply)")
        #expect(reply.message?.contains(named) == true, "\(reply)")
        #expect(try peer.info("f").int("verified") == 0)
        #expect(try peer.call(#"{"op":"functions"}"#).rows("functions").isEmpty)
    }

    @Test func whatMayNotBeOnTheDiskIsNot() throws {
        let home = try Home()
        var daemon = try Daemon(home)
        var peer = try daemon.connect()
        #expect(try peer.define("secret", "\"persist\":false").isOK)
        try report(peer, "secret", verified: 1, mismatched: 1, kept: "KEPTSECRET")
        try report(peer, "later", verified: 1, mismatched: 1, kept: "LATERSECRET")
        #expect(try mismatches(peer, "secret").first?.string("kept") == "KEPTSECRET")
        #expect(try peer.define("later", "\"persist\":false").isOK)
        #expect(try mismatches(peer, "later").isEmpty)
        try daemon.stop()
        let data = try home.contents(of: home.database)
        #expect(data.range(of: Data("KEPTSECRET".utf8)) == nil)
        daemon = try Daemon(home)
        peer = try daemon.connect()
        #expect(try mismatches(peer, "secret").isEmpty && mismatches(peer, "later").isEmpty)
        #expect(try figures(peer.info("secret")) == [1, 1])
    }

    @Test(.enabled(if: Household.isPossible)) func usersSeeTheirOwn() throws {
        let household = try Household()
        let (alice, bob, carol) = try (
            household.alice.connect(), household.bob.connect(), household.carol.connect()
        )
        try report(alice, "f", verified: 3, mismatched: 1, kept: "alice's")
        try report(alice, "common.f", verified: 1, mismatched: 1, kept: "everybody's")
        #expect(try mismatches(alice, "f").map { $0.string("kept") } == ["alice's"])
        #expect(try mismatches(bob, "f").isEmpty)
        #expect(try figures(bob.info("f")) == [0, 0])
        #expect(try figures(bob.stats()) == [0, 0])
        #expect(try figures(alice.stats()) == [3, 1])
        #expect(try figures(carol.stats()) == [4, 2])
        #expect(try mismatches(bob, "common.f").map { $0.string("kept") } == ["everybody's"])
        // However many are one user's, the others keep theirs.
        for number in 0..<150 {
            try report(bob, "f", verified: 1, mismatched: 1, kept: "bob's \(number)")
        }
        #expect(try mismatches(alice, "f").count == 1)
        #expect(try mismatches(bob, "f").count == 98)
    }

    @Test(.enabled(if: Memoctl.binary != nil)) func memoctlShowsThem() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        func memoctl(_ arguments: String...) throws -> String {
            try Command.output(arguments: [Memoctl.binary!, "--socket", daemon.home.socket] + arguments)
        }
        try report(peer, "risk@1", verified: 2)
        try report(peer, "risk@2", verified: 3, mismatched: 1, kept: "1\\u001b[31m", computed: "2")
        let listing = try memoctl("stats", "risk", "--mismatches")
        #expect(listing.hasPrefix("risk: 5 hits verified, 1 differed\n"))
        #expect(listing.contains("  key d1  risk@2\n  kept      1\\u001b[31m\n  computed  2\n"))
        #expect(try memoctl("stats", "risk@1", "--mismatches") == "risk@1: 2 hits verified, 0 differed\n")
        let json = try memoctl("stats", "risk", "--mismatches", "--json")
        #expect(json.contains(#""fn":"risk@2""#) && json.contains(#""computed":"2""#))
        #expect(try memoctl("stats").contains("5 hits verified, 1 differed"))
        #expect(try memoctl("stats", "risk").contains("verified     5, of which 1 differed"))
        let metrics = try memoctl("stats", "--prometheus")
        #expect(metrics.contains("memod_verified_total{fn=\"risk@2\"} 3\n"))
        #expect(metrics.contains("memod_mismatched_total{fn=\"risk@2\"} 1\n"))
        #expect(metrics.contains("memod_verified_hits_total 5\n"))
        #expect(metrics.contains("memod_mismatched_hits_total 1\n"))
    }
}
