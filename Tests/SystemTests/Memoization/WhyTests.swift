import Foundation
import Testing

/// What the daemon says of a key.
@Suite struct WhyTests {
    private func state(_ peer: Peer, _ function: String, _ key: String) throws -> [String] {
        let reply = try peer.why(function, key)
        #expect(reply.isOK)
        return [reply.string("state") ?? "?", reply.string("by") ?? "-"]
    }

    /// Whoever copies entries learns all that was put, and uses nothing.
    @Test func ofWhatIsPresentItSaysAll() throws {
        let home = try Home()
        var daemon = try Daemon(home)
        let options = #""ttl_ms":600000,"stale_ms":7000,"cost_ms":3,"tags":["é","\"b\""]"#
        #expect(try daemon.connect().put("f", "1", #"{"b": 1.50}"#, options).isOK)
        #expect(try daemon.connect().put("f", "2", "2").isOK)
        try daemon.stop()
        // Read from disk now, or warmed up already.
        daemon = try Daemon(home)
        let peer = try daemon.connect()
        let reply = try peer.why("f", "1")
        #expect(reply.text.contains(#","value":{"b": 1.50},"#))
        #expect(reply["tags"] as? [String] == ["é", "\"b\""])
        #expect(reply.int("stale_ms") == 7000)
        let plain = try peer.why("f", "2")
        #expect(plain["tags"] as? [String] == [])
        #expect(!plain.has("stale_ms") && plain.int("value") == 2)
        #expect(try peer.info("f").int("hits") == 0)
    }

    @Test func everyStateHasItsReason() throws {
        let home = try Home()
        let clock = try TestClock(home)
        let daemon = try Daemon(home, ["--cold-bytes", "1MiB"], environment: clock.environment)
        let peer = try daemon.connect()
        #expect(try state(peer, "f", "1") == ["unknown", "-"])
        #expect(try peer.put("f", "1", "[1]", "\"ttl_ms\":10000,\"stale_ms\":5000,\"cost_ms\":7").isOK)
        try clock.advance(1000)
        #expect(try peer.get("f", "1").isHit)
        let reply = try peer.why("f", "1")
        #expect(reply.string("state") == "present")
        #expect(reply.string("tier") == "hot")
        #expect(reply.int("cost_ms") == 7)
        #expect(reply.int("hits") == 1)
        #expect(reply.int("bytes") == 4)
        #expect(reply.int("uid") == Int(getuid()))
        #expect((1000...9000).contains(reply.int("age_ms")!))
        #expect((1000...9000).contains(reply.int("ttl_ms")!))
        #expect(!reply.has("stale"))
        // Asking is no use, and is not counted.
        #expect(try peer.info("f").int("hits") == 1)
        #expect(try peer.info("f").int("misses") == 0)
        #expect(try peer.why("f", "1").int("hits") == 1)

        try clock.advance(10_000)
        #expect(try peer.why("f", "1").bool("stale") == true)
        try clock.advance(5000)
        #expect(try state(peer, "f", "1") == ["expired", "ttl"])
        #expect(try !peer.get("f", "1").isHit)
        try clock.advance(3000)
        #expect(try state(peer, "f", "1") == ["expired", "ttl"])
        #expect(try peer.why("f", "1").int("ago_ms")! >= 3000)

        #expect(try peer.define("m", "\"maxsize\":1").isOK)
        for key in 1...2 { #expect(try peer.put("m", "\(key)", "1").isOK) }
        #expect(try state(peer, "m", "1") == ["evicted", "maxsize"])
        #expect(try peer.put("m", "1", "1").isOK)
        #expect(try state(peer, "m", "1")[0] == "present")
        #expect(try state(peer, "m", "2") == ["evicted", "maxsize"])
        #expect(try peer.define("m", "\"maxsize\":0").isOK)
        #expect(try peer.put("m", "3", "1").string("reason") == "maxsize")
        #expect(try state(peer, "m", "3") == ["rejected", "maxsize"])
        let large = "\"\(String(repeating: "x", count: 2 << 20))\""
        #expect(try peer.put("f", "2", large).string("reason") == "too_large")
        #expect(try state(peer, "f", "2") == ["rejected", "too large"])

        for key in 10..<15 { #expect(try peer.put("f", "\(key)", "1", "\"tags\":[\"t\(key)\"]").isOK) }
        #expect(try peer.call(Peer.request("delete", "f", "\"key\":10")).int("deleted") == 1)
        #expect(try state(peer, "f", "10") == ["deleted", "delete"])
        #expect(try peer.call(#"{"op":"clear","tag":"t11"}"#).int("cleared") == 1)
        #expect(try state(peer, "f", "11") == ["cleared", "clear tag"])
        #expect(try peer.call(Peer.request("clear", "f")).int("cleared") == 3)
        // Cleared entries are noted as they are taken back.
        try peer.until("it is noted") { try state($0, "f", "12") == ["cleared", "clear fn"] }
        #expect(try peer.put("f", "13", "1").isOK)
        #expect(try peer.call(#"{"op":"clear","all":true}"#).isOK)
        try peer.until("it is noted") { try state($0, "f", "13") == ["cleared", "clear all"] }

        for key in 0..<200 {
            let value = "\"\(String(repeating: "\(key % 10)", count: 20_000 + key))\""
            #expect(try peer.put("big", "\(key)", value).isOK)
        }
        var evicted = 0
        for key in 0..<200 where try state(peer, "big", "\(key)") == ["evicted", "cold-bytes"] {
            evicted += 1
        }
        #expect(evicted > 100)
    }

    @Test func lookingAtAColdEntryLeavesItCold() throws {
        let daemon = try Daemon(nil, ["--hot-bytes", "64KiB"])
        let peer = try daemon.connect()
        for key in 0..<200 {
            #expect(try peer.put("f", "\(key)", "\"\(key)\(String(repeating: "v", count: 3000))\"").isOK)
        }
        #expect(try peer.sync().isOK)
        let cold = try #require((0..<200).first { try peer.why("f", "\($0)").string("tier") == "cold" })
        for _ in 0..<3 { #expect(try peer.why("f", "\(cold)").string("tier") == "cold") }
        var page = try peer.call(Peer.request("keys", "f", "\"limit\":1000"))
        let tiers = page.list("keys").compactMap { $0["tier"] as? String }
        #expect(tiers.count == 200)
        #expect(tiers.count { $0 == "cold" } > 150)
        page = try peer.call(Peer.request("keys", "f", "\"limit\":1000"))
        #expect(page.list("keys").compactMap { $0["tier"] as? String } == tiers)
        // A use brings it into memory.
        #expect(try peer.get("f", "\(cold)", "\"meta\":true").string("tier") == "cold")
        #expect(try peer.get("f", "\(cold)", "\"meta\":true").string("tier") == "hot")
    }
}
