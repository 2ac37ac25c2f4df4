import Foundation
import TestSupport
import Testing

/// Equal values are stored once, in memory and on disk.
@Suite struct InterningTests {
    private struct Sizes {
        /// In kB.
        var memory: Int
        var file: Int
        var stats: Reply
    }

    /// 100,000 entries over 10 distinct values of 1 KiB.
    private func fill(interning: String) throws -> Sizes {
        let daemon = try Daemon(nil, ["--interning", interning])
        let peer = try daemon.connect()
        let values = (0..<10).map { "\"\(String(repeating: "\($0)", count: 1022))\"" }
        // Buffers and the like have their size before it is measured.
        try put(0..<1000, values, peer)
        let empty = try daemon.memoryKB()
        let counted = try memoryKB(try peer.stats())
        for start in stride(from: 1000, to: 101_000, by: 1000) { try put(start..<start + 1000, values, peer) }
        #expect(try peer.sync().isOK)
        #expect(try peer.get("f", "1234").value == values[4])
        let stats = try peer.stats()
        #expect(stats.int("currsize") == 101_000)
        let memory = try daemon.memoryKB() - empty
        // The stated margin: what `stats` counts and what the process grew by are within a twentieth and 16 MB (of
        // caches for the database, and of what the allocator keeps) of each other.
        let expected = try memoryKB(stats) - counted
        print("interning \(interning): stats say \(expected) kB more, the process has \(memory) kB more")
        #expect(abs(memory - expected) <= expected / 20 + 16_000)
        #expect(try daemon.stop() == .exited(0))
        let file = try daemon.home.contents(of: daemon.home.database).count / 1024
        return Sizes(memory: memory, file: file, stats: stats)
    }

    /// What is on its way to the disk takes memory too, until it is there: nothing else goes for it in vain.
    @Test(arguments: ["64KiB", "1MiB"]) func whatFitsStaysInMemoryWhenItIsCommitted(hotBytes: String) throws {
        let daemon = try Daemon(nil, ["--hot-bytes", hotBytes])
        let peer = try daemon.connect()
        let text = String(repeating: "x", count: 1000)
        let count = 2000
        try peer.send(
            (0..<count).map { Peer.request("put", "f", "\"key\":\($0),\"value\":\"\($0) \(text)\"") }
                .joined(separator: "\n"))
        for _ in 0..<count { #expect(try peer.reply().isOK) }
        #expect(try peer.sync().isOK)
        var stats = try peer.stats()
        try peer.until("memory is within its budget") {
            stats = try $0.stats()
            return stats.int("hot.bytes")! <= stats.int("hot.limit_bytes")!
        }
        #expect(stats.int("hot.bytes")! > stats.int("hot.limit_bytes")! / 2, "\(stats)")
    }

    /// All that `stats` says is in memory.
    private func memoryKB(_ stats: Reply) throws -> Int {
        let parts = ["hot", "directory", "queue", "leases", "ghosts", "tags", "pool"]
        let bytes = try parts.map { try #require(stats.int("\($0).bytes"), "\($0).bytes") }
        // The directory's share of the hot entries is in both.
        let twice = try #require(stats.int("hot.entries")) * 56
        return (bytes.reduce(0, +) - twice) / 1024
    }

    private func put(_ keys: Range<Int>, _ values: [String], _ peer: Peer) throws {
        let entries = keys.map { "{\"key\":\($0),\"value\":\(values[$0 % 10])}" }
        let reply = try peer.call(
            Peer.request("mput", "f", "\"entries\":[\(entries.joined(separator: ","))]"))
        #expect(reply.int("stored") == keys.count)
    }

    @Test func tenValuesOf100000EntriesTakeAFractionOfTheRoom() throws {
        let (on, off) = (try fill(interning: "on"), try fill(interning: "off"))
        print("with interning \(on.memory) kB and a file of \(on.file) kB,")
        print("without \(off.memory) kB and a file of \(off.file) kB")
        #expect(on.memory * 4 < off.memory)
        #expect(on.file * 4 < off.file)
        #expect(on.stats.int("interning.values") == 10)
        #expect(on.stats.int("interning.references") == 101_000)
        #expect(on.stats.int("interning.saved_bytes") == 100_990 * 1024)
        #expect(on.stats.int("interning.disk.values") == 10)
        #expect(on.stats.int("interning.disk.references") == 100_990)
        #expect(on.stats.int("interning.disk.saved_bytes") == 100_980 * 1024)
        for name in ["values", "references", "saved_bytes", "disk.values", "disk.references"] {
            #expect(off.stats.int("interning.\(name)") == 0)
        }
    }

    /// A seeded run over all that adds and drops references, with crashes: the counts on disk are what a scan of
    /// all entries finds, and `stats` says the same.
    @Test(.enabled(if: Command.exists("sqlite3"))) func referencesAreCountedRightThroughCrashes() throws {
        let seed = SeededGenerator.seed(for: "referencesAreCountedRightThroughCrashes")
        var random = SeededGenerator(seed)
        let home = try Home()
        let values = [40, 64, 70, 500, 512, 1024, 5000, 20_000].flatMap { size in
            (0..<3).map { "\"\(String(repeating: "\($0)", count: size - 2))\"" }
        }
        var written: [Int: String] = [:]
        for round in 0..<6 {
            let daemon = try Daemon(home, ["--hot-bytes", "96KiB", "--flush-interval", "5ms"])
            let peer = try daemon.connect()
            if round == 0 { #expect(try peer.define("bounded", "\"maxsize\":20").isOK) }
            for _ in 0..<300 {
                let key = Int.random(in: 0..<100, using: &random)
                let value = values.randomElement(using: &random)!
                switch Int.random(in: 0..<20, using: &random) {
                case 0..<10:
                    #expect(try peer.put("f", "\(key)", value, "\"tags\":[\"t\(key % 3)\"]").isOK)
                    written[key] = value
                case 10..<13: #expect(try peer.put("bounded", "\(key)", value).isOK)
                case 13..<15: #expect(try peer.put("brief", "\(key)", value, "\"ttl_ms\":3").isOK)
                case 15..<17:
                    let deleted = try peer.call(Peer.request("delete", "f", "\"key\":\(key)"))
                    #expect(deleted.int("deleted") == (written[key] == nil ? 0 : 1))
                    written[key] = nil
                case 17:
                    #expect(try peer.call(Peer.request("touch", "f", "\"key\":\(key),\"ttl_ms\":null")).isOK)
                case 18 where Int.random(in: 0..<10, using: &random) == 0:
                    #expect(try peer.call("{\"op\":\"clear\",\"tag\":\"t\(key % 3)\"}").isOK)
                    for other in 0..<100 where other % 3 == key % 3 { written[other] = nil }
                default:
                    let reply = try peer.get("f", "\(key)")
                    #expect(reply.value == written[key])
                }
            }
            #expect(try peer.sync().isOK)
            let stats = try peer.stats()
            if round % 2 == 0 { try daemon.kill() } else { #expect(try daemon.stop() == .exited(0)) }
            try compare(home, round % 2 == 0 ? stats : nil)
        }
    }

    private func compare(_ home: Home, _ stats: Reply?) throws {
        // What differs between the counts and a scan, either way.
        let differing = try Command.output(
            "sqlite3", home.database,
            """
            WITH found AS (
                SELECT shared AS id, count(*) AS uses FROM content WHERE shared > 0 GROUP BY shared)
            SELECT * FROM (SELECT id, uses FROM shared_use EXCEPT SELECT id, uses FROM found)
            UNION ALL SELECT * FROM (SELECT id, uses FROM found EXCEPT SELECT id, uses FROM shared_use);
            """)
        #expect(differing.isEmpty, "\(differing)")
        let orphans = try Command.output(
            "sqlite3", home.database,
            """
            SELECT count(*) FROM shared_value WHERE id NOT IN (SELECT id FROM shared_use)
            UNION ALL SELECT count(*) FROM shared_use WHERE id NOT IN (SELECT id FROM shared_value)
            UNION ALL SELECT count(*) FROM content WHERE id NOT IN (SELECT id FROM entry);
            """)
        #expect(orphans.split(whereSeparator: \.isNewline) == ["0", "0", "0"], "\(orphans)")
        guard let stats else { return }
        let figures = try Command.output(
            "sqlite3", home.database, "SELECT count(*), coalesce(sum(uses), 0) FROM shared_use")
        let expected =
            "\(stats.int("interning.disk.values") ?? -1)|\(stats.int("interning.disk.references") ?? -1)"
        #expect(figures.trimmingCharacters(in: .whitespacesAndNewlines) == expected)
    }
}
