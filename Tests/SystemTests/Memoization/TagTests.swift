import Foundation
import Testing

/// Entries that are cleared together.
@Suite struct TagTests {
    /// Puts `count` entries; every third has the tag "t", every other one "u".
    private func fill(_ peer: Peer, _ count: Int, from start: Int = 0) throws {
        let value = "\"\(String(repeating: "v", count: 200))\""
        for first in stride(from: start, to: start + count, by: 500) {
            let entries = (first..<min(first + 500, start + count)).map { key in
                let tags = (key % 3 == 0 ? ["\"t\""] : []) + (key % 2 == 0 ? ["\"u\""] : [])
                return "{\"key\":\(key),\"value\":\(value),\"tags\":[\(tags.joined(separator: ","))]}"
            }
            let reply = try peer.call(
                Peer.request("mput", "f", "\"entries\":[\(entries.joined(separator: ","))]"))
            #expect(reply.int("stored") == entries.count)
        }
    }

    private func present(_ peer: Peer, _ keys: Range<Int>) throws -> Set<Int> {
        var present: Set<Int> = []
        for first in stride(from: keys.lowerBound, to: keys.upperBound, by: 1000) {
            let some = first..<min(first + 1000, keys.upperBound)
            let reply = try peer.call(
                Peer.request("mget", "f", "\"keys\":[\(some.map(String.init).joined(separator: ","))]"))
            for (key, row) in zip(some, reply.list("results")) where row["hit"] as? Bool == true {
                present.insert(key)
            }
        }
        return present
    }

    @Test func aClearReachesBothTiersAndTheQueueAndLastsThroughACrash() throws {
        let home = try Home()
        // Most entries are only on disk, the newest are not committed.
        let options = ["--hot-bytes", "128KiB", "--flush-interval", "1h"]
        var daemon = try Daemon(home, options)
        var peer = try daemon.connect()
        try fill(peer, 3000)
        #expect(try peer.sync().isOK)
        try fill(peer, 600, from: 3000)
        let stats = try peer.stats()
        #expect(stats.int("cold.pending")! > 0)
        #expect(stats.int("hot.entries")! < stats.int("cold.entries")!)

        let cleared = try peer.call(#"{"op":"clear","tag":"t"}"#)
        #expect(cleared.int("cleared") == 1200)
        let expected = Set((0..<3600).filter { $0 % 3 != 0 })
        #expect(try present(peer, 0..<3600) == expected)
        #expect(try peer.stats().int("currsize") == 2400)
        // An entry put afterwards is another one.
        #expect(try peer.put("f", "0", "1", "\"tags\":[\"t\"],\"durable\":true").isOK)
        // The clear was committed before it was answered.
        try daemon.kill()
        daemon = try Daemon(home, options)
        peer = try daemon.connect()
        #expect(try present(peer, 0..<3600) == expected.union([0]))
        #expect(try peer.call(#"{"op":"clear","tag":"u"}"#).int("cleared") == 1200)
        #expect(try peer.call(#"{"op":"clear","tag":"u"}"#).int("cleared") == 0)
        #expect(try peer.call(#"{"op":"clear","tag":"nobody's"}"#).int("cleared") == 0)
        #expect(try present(peer, 0..<3600) == expected.filter { $0 % 2 != 0 }.union([0]))
        let why = try peer.why("f", "2")
        #expect(why.string("state") == "cleared")
        #expect(why.string("by") == "clear tag")
    }

    @Test func anOverwrittenEntryHasItsNewTagsAlone() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        #expect(try peer.put("f", "1", "1", "\"tags\":[\"a\",\"a\",\"b\"]").isOK)
        #expect(try peer.put("f", "1", "2", "\"tags\":[\"c\"]").isOK)
        #expect(try peer.put("g", "1", "3", "\"tags\":[\"c\",\"d\"]").isOK)
        #expect(try peer.call(#"{"op":"clear","tag":"a"}"#).int("cleared") == 0)
        #expect(try peer.call(#"{"op":"clear","tag":"b"}"#).int("cleared") == 0)
        #expect(try peer.get("f", "1").value == "2")
        #expect(try peer.call(#"{"op":"clear","tag":"c"}"#).int("cleared") == 2)
        #expect(try !peer.get("f", "1").isHit)
        #expect(try !peer.get("g", "1").isHit)
    }

    @Test func sixteenTagsOf128BytesAreTheMost() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        func tags(_ count: Int, _ bytes: Int) -> String {
            let tags = (0..<count).map { tag in
                "\"\(String(repeating: "x", count: bytes - String(tag).count))\(tag)\""
            }
            return "\"tags\":[\(tags.joined(separator: ","))]"
        }
        #expect(try peer.put("f", "1", "1", tags(16, 128)).isOK)
        #expect(try peer.put("f", "1", "1", tags(17, 8)).code == "bad_request")
        #expect(try peer.put("f", "1", "1", tags(1, 129)).code == "bad_request")
        #expect(try peer.put("f", "1", "1", "\"tags\":[\"\"]").code == "bad_request")
        #expect(try peer.put("f", "1", "1", "\"tags\":[1]").code == "bad_request")
        let tag = String(repeating: "x", count: 127) + "7"
        #expect(try peer.call("{\"op\":\"clear\",\"tag\":\"\(tag)\"}").int("cleared") == 1)
    }

    @Test func aTagOfTenIsClearedWithoutLookingAtTheRest() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        try fill(peer, 60_000)
        for key in 0..<10 { #expect(try peer.put("g", "\(key)", "1", "\"tags\":[\"few\"]").isOK) }
        #expect(try peer.sync().isOK)
        let few = Moment.now
        #expect(try peer.call(#"{"op":"clear","tag":"few"}"#).int("cleared") == 10)
        let fewSeconds = few.age
        let many = Moment.now
        #expect(try peer.call(#"{"op":"clear","tag":"t"}"#).int("cleared") == 20_000)
        print("10 of 60,000 entries cleared in \(fewSeconds) s, 20,000 in \(many.age) s")
        #expect(fewSeconds < 0.15)
    }
}
