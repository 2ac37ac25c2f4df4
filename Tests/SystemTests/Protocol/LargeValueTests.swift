import TestSupport
import Testing

/// Values that are sent from if they are: whole, in order, and as they were when they were asked for.
@Suite struct LargeValueTests {
    @Test func mixedSizesArriveWholeHoweverTheyAreReadAndOverwritten() throws {
        var random = SeededGenerator(SeededGenerator.seed(for: "largeValues"))
        // Small enough that values leave memory while they are sent.
        let daemon = try Daemon(nil, ["--hot-bytes", "4MiB"])
        let writer = try daemon.connect()
        let sizes = [10, 16_383, 16_384, 16_385, 65_530, 200_000, 900_000]
        func value(_ key: Int, _ version: Int) -> String {
            "\"\(key) \(version) \(String(repeating: "v", count: sizes[key % sizes.count]))\""
        }
        var versions = [Int](repeating: 0, count: 21)
        for key in versions.indices { _ = try writer.put("f", "\(key)", value(key, 0)) }
        for _ in 0..<60 {
            let peers = try (0..<4).map { _ in try daemon.connect() }
            var asked: [[(key: Int, version: Int)]] = []
            for peer in peers {
                let keys = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                    versions.indices.randomElement(using: &random)!
                }
                asked.append(keys.map { ($0, versions[$0]) })
                let lines = keys.enumerated().map {
                    "{\"op\":\"get\",\"fn\":\"f\",\"key\":\($1),\"id\":\($0)}\n"
                }
                try peer.send(bytes: lines.joined().utf8, reads: false)
            }
            // What is put now may be seen by those gets or not, but never in part.
            let changed = versions.indices.randomElement(using: &random)!
            versions[changed] += 1
            #expect(
                try writer.put("f", "\(changed)", value(changed, versions[changed])).bool("stored") == true)
            for (peer, keys) in zip(peers, asked) where Bool.random(using: &random) {
                // The others go without reading.
                for (position, (key, version)) in keys.enumerated() {
                    let reply = try peer.reply()
                    #expect(reply.int("id") == position)
                    let isWhole =
                        reply.value == value(key, version)
                        || (key == changed && reply.value == value(key, version + 1))
                    #expect(isWhole, "key \(key), version \(version)")
                }
            }
        }
        try writer.until("all are closed") { try $0.stats().int("connections") == 1 }
    }
    /// The socket has its pages by reference, and who reads from it is in no hurry.
    @Test(arguments: [32_768, 50_000, 65_536, 69_630, 150_000])
    func whatWasSentStaysAsItWasWhateverBecomesOfTheEntry(size: Int) throws {
        let daemon = try Daemon()
        let writer = try daemon.connect()
        func value(_ letter: String) -> String { "\"\(String(repeating: letter, count: size))\"" }
        for round in 0..<6 {
            #expect(try writer.put("f", "1", value("a")).isOK)
            // A value that was sent before is lent.
            #expect(try writer.get("f", "1").value == value("a"))
            let readers = try (0..<4).map { _ in try daemon.connect() }
            for reader in readers { try reader.send(Peer.request("get", "f", "\"key\":1")) }
            for reader in readers { #expect(try !reader.isSilent(for: Peer.patience)) }
            if round.isMultiple(of: 2) {
                #expect(try writer.call(Peer.request("delete", "f", "\"key\":1")).int("deleted") == 1)
            } else {
                #expect(try writer.put("f", "1", value("b")).isOK)
            }
            // Now nothing in memory refers to the old value, and its memory is used for others.
            #expect(try writer.sync().isOK)
            for key in 2..<10 { #expect(try writer.put("f", "\(key)", value("\(key)")).isOK) }
            for reader in readers {
                #expect(try reader.reply().value == value("a"), "round \(round)")
            }
        }
    }
}
