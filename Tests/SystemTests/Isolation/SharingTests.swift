import Foundation
import Testing

/// What isolation keeps apart between connections that are open at the same time, what is shared on purpose, and what
/// administrators see.
@Suite(.enabled(if: Household.isPossible)) struct SharingTests {
    @Test func leasesAreOneUsersAlone() throws {
        let household = try Household()
        let (alice, bob) = (try household.alice.connect(), try household.bob.connect())
        let token = try #require(alice.get("f", "1", #""lease_ms":60000"#).string("lease"))
        let waiter = try household.alice.connect()
        try waiter.send(Peer.request("get", "f", #""key":1"#, #""lease_ms":60000,"wait_ms":60000"#))

        // The same name and key are Bob's own entry: no one computes it yet.
        #expect(try bob.get("f", "1", #""lease_ms":60000,"wait_ms":60000"#).has("lease"))
        #expect(try bob.put("f", "1", "0", "\"lease\":\"\(token)\"").string("reason") == "lease_lost")
        #expect(
            try bob.call(Peer.request("release", "f", "\"key\":1", "\"lease\":\"\(token)\"")).bool("released")
                == false)
        #expect(try bob.put("f", "1", "\"bob's\"").bool("stored") == true)
        #expect(try bob.call(#"{"op":"clear","all":true}"#).int("cleared") == 1)

        #expect(try alice.put("f", "1", "\"alice's\"", "\"lease\":\"\(token)\"").bool("stored") == true)
        #expect(try waiter.reply().value == "\"alice's\"")
    }

    @Test func oneUserCannotTakeAllLeasesAndTags() throws {
        let household = try Household()
        let (alice, bob) = (try household.alice.connect(), try household.bob.connect())
        let share = 1 << 14
        for first in stride(from: 0, to: share, by: 1 << 10) {
            for key in first..<first + 1 << 10 {
                try alice.send(Peer.request("get", "f", "\"key\":\(key)", #""lease_ms":60000"#))
            }
            for _ in 0..<1 << 10 { #expect(try alice.reply().has("lease")) }
        }
        for function in ["f", "common.f"] {
            #expect(try alice.get(function, "-1", #""lease_ms":60000"#).code == "busy")
            #expect(try bob.get(function, "-1", #""lease_ms":60000"#).has("lease"))
        }
        for first in stride(from: 0, to: 12_500, by: 10) {
            let tags = (first..<first + 10).map { "\"\($0)\"" }.joined(separator: ",")
            #expect(try alice.put("f", "\(first)", "1", "\"tags\":[\(tags)]").bool("stored") == true)
        }
        // A tag more takes the place of another one of hers, and of none of his.
        #expect(try bob.put("f", "1", "1", #""tags":["t"]"#).bool("stored") == true)
        let more = #""tags":["one more"]"#
        for key in 0..<100 { #expect(try alice.put("f", "\(-key)", "1", more).bool("stored") == true) }
        #expect(try household.carol.connect().stats().int("tags.count")! <= 10_001)
        #expect(try bob.call(#"{"op":"clear","tag":"t"}"#).int("cleared") == 1)
    }

    @Test func whatOneHasNotReadIsNotTheOthersAffair() throws {
        let household = try Household()
        let (alice, bob) = (try household.alice.connect(), try household.bob.connect())
        let value = "\"\(String(repeating: "v", count: 1 << 20))\""
        for peer in [alice, bob] { #expect(try peer.put("f", "1", value).isOK) }
        let keys = "\"keys\":[\(Array(repeating: "1", count: 40).joined(separator: ","))]"
        let greedy = try (0..<8).map { _ in try household.alice.connect() }
        for peer in greedy {
            try peer.send(Peer.request("mget", "f", keys))
            #expect(try !peer.isSilent(for: Peer.patience))
        }
        #expect(try alice.get("f", "1").code == "busy")
        for _ in 0..<5 { #expect(try bob.get("f", "1").value == value) }
        #expect(try bob.call(Peer.request("mget", "f", keys)).list("results").count == 40)
    }

    @Test func whatIsSharedIsEverybodys() throws {
        let household = try Household()
        let (alice, bob) = (try household.alice.connect(), try household.bob.connect())
        let token = try #require(alice.get("common.f", "1", #""lease_ms":60000"#).string("lease"))
        // One computes for all, with a token that only its owner can use.
        #expect(try bob.get("common.f", "1", #""lease_ms":1000"#).bool("held") == true)
        #expect(try bob.put("common.f", "1", "0", "\"lease\":\"\(token)\"").string("reason") == "lease_lost")
        try bob.send(Peer.request("get", "common.f", "\"key\":1", #""lease_ms":1000,"wait_ms":60000"#))
        #expect(
            try alice.put("common.f", "1", "7", "\"lease\":\"\(token)\",\"tags\":[\"t\"]").bool("stored")
                == true)
        #expect(try bob.reply().value == "7")

        #expect(
            try bob.call(#"{"op":"functions"}"#).list("functions").map { $0["fn"] as? String } == ["common.f"]
        )
        #expect(try bob.call(#"{"op":"keys","fn":"common.f"}"#).list("keys").count == 1)
        // Whoever may change it may also say that it no longer holds.
        #expect(try bob.call(#"{"op":"clear","tag":"t"}"#).int("cleared") == 1)
        #expect(try !alice.get("common.f", "1").isHit)
        // `all` is one's own.
        #expect(try alice.put("common.f", "1", "8").isOK)
        #expect(try bob.call(#"{"op":"clear","all":true}"#).int("cleared") == 0)
        #expect(try alice.get("common.f", "1").value == "8")
    }

    @Test func eventsTellOfOnesOwnAndOfWhatIsShared() throws {
        let household = try Household()
        let (alice, bob, carol) = (
            try household.alice.connect(), try household.bob.connect(), try household.carol.connect()
        )
        for peer in [bob, carol] { #expect(try peer.call(#"{"op":"subscribe"}"#).isOK) }
        #expect(try bob.call(#"{"op":"subscribe","fn":"f"}"#).isOK)
        for request in [
            #"{"op":"put","fn":"f","key":1,"value":1,"tags":["t"]}"#, #"{"op":"delete","fn":"f","key":1}"#,
            #"{"op":"put","fn":"f","key":2,"value":1,"tags":["t"]}"#, #"{"op":"clear","tag":"t"}"#,
            #"{"op":"clear","fn":"f"}"#, #"{"op":"clear","all":true}"#,
            #"{"op":"put","fn":"common.f","key":1,"value":1}"#,
        ] {
            #expect(try alice.call(request).isOK)
        }
        func events(_ peer: Peer) throws -> [String] {
            try peer.send(
                #"{"op":"put","fn":"h","key":1,"value":1}"#, #"{"op":"ping","id":"the end"}"#)
            var found: [String] = []
            while true {
                let reply = try peer.reply()
                if reply.string("id") == "the end" { return found }
                if let event = reply.string("event") { found.append("\(event) \(reply.string("fn") ?? "")") }
            }
        }
        let bobs = try events(bob)
        // Of his own put the event may come behind the reply to the ping.
        #expect(bobs.filter { $0 != "put h" } == ["put common.f"])
        let carols = try events(carol)
        #expect(carols.prefix(3) == ["put f", "delete f", "put f"])
        #expect(carols.contains("clear f"))
        #expect(carols.contains("put common.f"))
    }

    @Test func administratorsSeeAndClearAll() throws {
        let household = try Household()
        let (alice, bob, carol) = (
            try household.alice.connect(), try household.bob.connect(), try household.carol.connect()
        )
        for peer in [alice, bob] {
            for key in 1...3 { #expect(try peer.put("f", "\(key)", "\(key)", "\"tags\":[\"t\"]").isOK) }
        }
        #expect(try carol.stats().int("currsize") == 6)
        var owners: [Int] = []
        var request = #"{"op":"functions","limit":1}"#
        for _ in 0..<3 {
            let page = try carol.call(request)
            owners += page.list("functions").compactMap { $0["uid"] as? Int }
            guard let next = page.string("next") else { break }
            request =
                "{\"op\":\"functions\",\"limit\":1,\"after\":"
                + String(decoding: try JSONEncoder().encode(next), as: UTF8.self) + "}"
        }
        #expect(owners == [Household.aliceID, Household.bobID])
        let keys = try carol.call(#"{"op":"keys","fn":"f"}"#).list("keys")
        #expect(Set(keys.compactMap { $0["uid"] as? Int }) == [Household.aliceID, Household.bobID])
        #expect(keys.count == 6)

        let copy = household.home.path + "/copy.db"
        #expect(try carol.call("{\"op\":\"backup\",\"path\":\"\(copy)\"}").isOK)
        #expect(try bob.call("{\"op\":\"backup\",\"path\":\"\(copy)2\"}").code == "forbidden")
        #expect(try carol.call(#"{"op":"clear","fn":"f"}"#).int("cleared") == 6)
        for peer in [alice, bob] { #expect(try peer.put("f", "1", "1", "\"tags\":[\"t\"]").isOK) }
        #expect(try carol.call(#"{"op":"clear","tag":"t"}"#).int("cleared") == 2)
        for peer in [alice, bob] { #expect(try peer.put("f", "1", "1").isOK) }
        #expect(try carol.call(#"{"op":"clear","all":true}"#).int("cleared") == 2)
    }

    @Test func aCursorDoesNotTellHowManyEntriesOthersHave() throws {
        let household = try Household()
        let (alice, bob) = (try household.alice.connect(), try household.bob.connect())
        var cursors: [Int] = []
        for number in 0..<40 {
            #expect(try bob.put("f", "\(number)", "1").isOK)
            for other in 0..<20 { #expect(try alice.put("g", "\(number * 20 + other)", "1").isOK) }
        }
        var keys: [Int] = []
        var request = #"{"op":"keys","fn":"f","limit":1}"#
        for _ in 0..<50 {
            let page = try bob.call(request)
            keys += page.list("keys").compactMap { $0["key"] as? Int }
            guard let next = page.string("next") else { break }
            cursors.append(try #require(Int(next)))
            request = "{\"op\":\"keys\",\"fn\":\"f\",\"limit\":1,\"after\":\"\(next)\"}"
        }
        #expect(keys.sorted() == Array(0..<40))
        // Of numbers of slots all would be below 1000; of 39 random ones that is as good as impossible for three.
        #expect(cursors.count { $0 < 1_000_000 } < 3)
        #expect(cursors != cursors.sorted())
    }

    @Test func aUsersTotalsNeverFall() throws {
        let household = try Household()
        let bob = try household.bob.connect()
        #expect(try bob.put("f", "1", "1", #""cost_ms":5"#).isOK)
        for _ in 0..<3 { #expect(try bob.get("f", "1").isHit) }
        #expect(try !bob.get("f", "2").isHit)
        #expect(try bob.call(#"{"op":"clear","fn":"f"}"#).int("cleared") == 1)
        #expect(try bob.info("f").int("hits") == 0)
        #expect(try bob.put("f", "3", "1").isOK)
        #expect(try household.alice.connect().put("f", "3", "1").isOK)
        let stats = try bob.stats()
        #expect(stats.int("hits") == 3)
        #expect(stats.int("hot.hits") == 3 && stats.int("cold.hits") == 0)
        #expect(stats.int("hot.entries") == 1 && stats.int("cold.entries") == 1)
        #expect(try #require(stats.int("hot.bytes")) > 50 && stats.int("cold.bytes")! > 0)
        #expect(stats.int("hot.limit_bytes") != nil && stats.int("cold.limit_bytes") != nil)
        #expect(stats.int("misses") == 1)
        #expect(stats.int("saved_ms") == 15)
    }

    @Test func noFileOfTheDaemonsIsReadableByOthers() throws {
        let household = try Household()
        #expect(try household.alice.connect().put("f", "1", "1", #""durable":true"#).isOK)
        try household.daemon.stop()
        let names = try FileManager.default.contentsOfDirectory(atPath: household.home.path)
        let files = names.filter { $0.hasPrefix("memod.db") }
        #expect(files.contains("memod.db"))
        for name in files {
            var status = stat()
            #expect(lstat(household.home.path + "/" + name, &status) == 0)
            #expect(status.st_mode & 0o077 == 0, "\(name)")
        }
    }
}
