import Foundation
import Testing

/// Memory is bounded by what is in it, and not by how much has come and gone (F8, F25).
@Suite struct MemoryTests {
    /// What comes and goes: lines of one round, of which no two are the same.
    struct Shape: CustomTestStringConvertible, Sendable {
        let testDescription: String
        var options: [String] = []
        /// Whether connections come and go with the round.
        var reads = true
        let lines: @Sendable (Int) -> [String]
    }

    private static func put(_ function: String, _ key: Int, _ value: String, _ more: String = "") -> String {
        "{\"op\":\"put\",\"fn\":\"\(function)\",\"key\":\(key),\"value\":\(value)\(more)}"
    }

    private static func text(_ count: Int, _ letter: String) -> String {
        "\"" + String(repeating: letter, count: count) + "\""
    }

    private static func tags(_ names: [String]) -> String {
        ",\"tags\":[" + names.map { "\"\($0)\"" }.joined(separator: ",") + "]"
    }

    static let shapes = [
        Shape(testDescription: "entries overwritten with the same tags") { _ in
            (0..<3000).map { put("f", $0, "1", tags((0..<16).map { "t\($0)" })) }
        },
        Shape(testDescription: "entries overwritten with other tags") { round in
            (0..<2000).map { key in put("f", key, "1", tags((0..<16).map { "r\(round).\(key % 20).\($0)" })) }
        },
        Shape(testDescription: "a new tag with each entry") { round in
            (0..<3000).map { put("f", round * 3000 + $0, "1", tags(["own \(round).\($0)"])) }
                + (0..<3000).map { "{\"op\":\"delete\",\"fn\":\"f\",\"key\":\(round * 3000 + $0)}" }
        },
        Shape(testDescription: "tags that are cleared") { round in
            (0..<2000).map { put("f", $0, "1", tags(["a\($0 % 7)", "b\(round)"])) }
                + (0..<7).map { "{\"op\":\"clear\",\"tag\":\"a\($0)\"}" }
        },
        Shape(testDescription: "new functions that are forgotten") { round in
            (0..<1500).map { put("\(String(repeating: "n", count: 300))\(round).\($0)", 1, "1") }
                + ["{\"op\":\"forget\",\"pattern\":\"n*\"}"]
        },
        Shape(testDescription: "looked up under new names") { round in
            (0..<1500).map { "{\"op\":\"get\",\"fn\":\"never put \(round).\($0)\",\"key\":1}" }
                + ["{\"op\":\"forget\",\"pattern\":\"never*\"}"]
        },
        Shape(testDescription: "subscriptions") { round in
            (0..<1000).map {
                "{\"op\":\"subscribe\",\"fn\":\"\(String(repeating: "s", count: 400))\(round).\($0)\"}"
            }
        },
        Shape(testDescription: "leases") { round in
            (0..<2000).map { "{\"op\":\"get\",\"fn\":\"l\",\"key\":[\(round),\($0)],\"lease_ms\":3600000}" }
        },
        Shape(testDescription: "large values") { round in
            (0..<6).map { put("v", $0, text(3_000_000 + round * 1000, "v")) }
        },
        Shape(testDescription: "equal values") { round in
            (0..<1500).map { put("e", $0, text(600, ["a", "b", "c"][($0 + round) % 3])) }
        },
        Shape(testDescription: "large keys") { round in
            (0..<8).map { "{\"op\":\"get\",\"fn\":\"k\",\"key\":\(text(900_000 + round * 8 + $0, "k"))}" }
        },
        Shape(testDescription: "lookups of what is not there") { round in
            (0..<3000).map { "{\"op\":\"get\",\"fn\":\"m\",\"key\":\"\(round).\($0)\"}" }
        },
        Shape(testDescription: "entries whose time is over") { round in
            (0..<3000).map { put("x", round * 3000 + $0, text(100, "x"), ",\"ttl_ms\":1") }
        },
        Shape(testDescription: "more than the disk may take") { round in
            (0..<1500).map {
                put("c", round * 1500 + $0, text(4000, ["a", "b", "c", "d"][$0 % 4] + "\(round).\($0)"))
            }
        },
        Shape(testDescription: "replies that are not read", reads: false) { _ in
            [put("u", 1, text(400_000, "u"))]
                + Array(repeating: "{\"op\":\"mget\",\"fn\":\"u\",\"keys\":[1,1,1,1,1,1,1,1]}", count: 3)
        },
    ]

    @Test(arguments: shapes) func whatComesAndGoesTakesNoMoreMemory(_ shape: Shape) throws {
        let daemon = try Daemon(nil, ["--hot-bytes", "8MiB", "--cold-bytes", "16MiB"] + shape.options)
        let peer = try daemon.connect()
        var after: [Int] = []
        for round in 0..<24 {
            // Each round has connections of its own, which take with them what they had.
            let lines = shape.lines(round)
            let count = shape.reads ? 1 : 6
            try Flood(daemon.home.socket, connections: count, lines, reads: shape.reads).run(rounds: 1)
            // What they sent takes effect, whether they are still there or not.
            try peer.until("they are gone") { try $0.stats().int("connections") == 1 }
            if round % 8 == 7 {
                #expect(try peer.sync().isOK)
                after.append(try daemon.memoryKB())
            }
        }
        let stats = try peer.stats()
        // From the middle to the end it stays about as it was.
        #expect(after[2] - after[1] < 10 << 10, "\(after) kB; \(stats.text)")
        #expect(after[2] < 200 << 10, "\(after) kB")
        #expect(try peer.call(#"{"op":"clear","all":true}"#).isOK)
        try peer.until("what was there is given back", within: 20) {
            let left = try $0.stats()
            return left.int("currsize") == 0 && left.int("cold.entries") == 0 && left.int("tags.count") == 0
                && left.int("subscriptions.count") == 0
        }
        try peer.until("memory is given back", within: 20) { _ in try daemon.memoryKB() < 110 << 10 }
    }

    @Test func tagsFitWhateverTheBudgetOfTheHotTierIs() throws {
        let daemon = try Daemon(nil, ["--hot-bytes", "1MiB"])
        let peer = try daemon.connect()
        let tags = Self.tags((0..<16).map { "t\($0)" })
        for round in 0..<2 {
            for first in stride(from: 0, to: 60_000, by: 1000) {
                let entries = (first..<first + 1000).map { "{\"key\":\($0),\"value\":\(round)\(tags)}" }
                let reply = try peer.call(
                    Peer.request("mput", "f", "\"entries\":[\(entries.joined(separator: ","))]"))
                #expect(reply.int("stored") == 1000)
            }
            let stats = try peer.stats()
            #expect(stats.int("currsize") == 60_000)
            #expect(stats.int("tags.count") == 16)
            #expect(try #require(stats.int("tags.bytes")) <= #require(stats.int("tags.limit_bytes")))
        }
        #expect(try peer.call(#"{"op":"clear","tag":"t3"}"#).int("cleared") == 60_000)
        try peer.until("tags go with the last entry") { try $0.stats().int("tags.bytes") == 0 }
    }

    /// Each subscription to a single function takes memory; to all of them, hardly any.
    @Test func subscriptionsAreBoundedTogether() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        var refused = false
        var peers: [Peer] = []
        for number in 0..<64 where !refused {
            let other = try daemon.connect()
            peers.append(other)
            let lines = (0..<1000).map {
                Peer.request("subscribe", "\(String(repeating: "s", count: 490))\(number).\($0)")
            }
            try other.send(bytes: (lines.joined(separator: "\n") + "\n").utf8)
            for _ in lines where try other.reply().code == "busy" { refused = true }
        }
        #expect(refused)
        let stats = try peer.stats()
        #expect(
            try #require(stats.int("subscriptions.bytes")) <= #require(stats.int("subscriptions.limit_bytes"))
        )
        #expect(try peers[0].call(#"{"op":"subscribe"}"#).isOK)
        peers = []
        try peer.until("they end with their connections") { try $0.stats().int("subscriptions.bytes") == 0 }
    }
}
