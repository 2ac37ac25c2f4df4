import TestSupport
import Testing

/// The order of use is exact, in both tiers and across restarts.
@Suite struct MaxsizeTests {
    /// What the daemon is held against: keys in the order of their use, oldest first.
    private struct Model {
        var maxsize: Int?
        var keys: [Int] = []
        var values: [Int: String] = [:]

        mutating func use(_ key: Int) {
            keys.removeAll { $0 == key }
            keys.append(key)
        }

        mutating func trim() {
            while let maxsize, keys.count > maxsize { values[keys.removeFirst()] = nil }
        }
    }

    @Test func aTouchIsAUseAndLookingIsNone() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        #expect(try peer.define("f", "\"maxsize\":3").isOK)
        for key in 1...3 { #expect(try peer.put("f", "\(key)", "0").isOK) }
        #expect(try peer.call(Peer.request("touch", "f", "\"key\":1,\"ttl_ms\":null")).isOK)
        #expect(try peer.why("f", "2").isOK)
        #expect(try peer.call(Peer.request("keys", "f")).list("keys").count == 3)
        for key in 4...5 { #expect(try peer.put("f", "\(key)", "0").isOK) }
        let left = try (1...5).filter { try peer.why("f", "\($0)").string("state") == "present" }
        #expect(left == [1, 4, 5])
    }

    /// Its uses until then were of no account.
    @Test func theOrderOfAFunctionThatGetsABoundSurvivesACrash() throws {
        let home = try Home()
        var daemon = try Daemon(home)
        var peer = try daemon.connect()
        for key in 1...3 { #expect(try peer.put("f", "\(key)", "0").isOK) }
        for key in [3, 1, 2] { #expect(try peer.get("f", "\(key)").isHit) }
        #expect(try peer.define("f", "\"maxsize\":3").isOK)
        // Half a second of uses may be lost.
        #expect(try peer.isSilent(for: 1.1))
        #expect(try peer.sync().isOK)
        try daemon.kill()
        daemon = try Daemon(home)
        peer = try daemon.connect()
        #expect(try peer.put("f", "4", "0").isOK)
        let left = try (1...4).filter { try peer.get("f", "\($0)").isHit }
        #expect(left == [1, 2, 4])
    }

    @Test(arguments: [[], ["--hot-bytes", "4KiB"]]) func theOrderIsExactAcrossRestarts(_ options: [String])
        throws
    {
        let seed = SeededGenerator.seed(for: "theOrderIsExactAcrossRestarts \(options)")
        var generator = SeededGenerator(seed)
        let home = try Home()
        var daemon = try Daemon(home, options)
        var peer = try daemon.connect()
        var model = Model(maxsize: 20)
        #expect(try peer.define("f", "\"maxsize\":20").isOK)
        for round in 0..<12 {
            for step in 0..<150 {
                let key = Int.random(in: 0..<40, using: &generator)
                let place = "round \(round), step \(step), key \(key)"
                switch Int.random(in: 0..<20, using: &generator) {
                case 0..<8:
                    let value = "\"\(round).\(step) \(String(repeating: "v", count: key * 7))\""
                    #expect(try peer.put("f", "\(key)", value).bool("stored") == true, "\(place)")
                    model.values[key] = value
                    model.use(key)
                    model.trim()
                case 8:
                    #expect(
                        try peer.call(Peer.request("delete", "f", "\"key\":\(key)")).int("deleted")
                            == (model.values[key] == nil ? 0 : 1), "\(place)")
                    model.values[key] = nil
                    model.keys.removeAll { $0 == key }
                case 9 where step % 30 == 0:
                    let size = Int.random(in: 5...30, using: &generator)
                    #expect(try peer.define("f", "\"maxsize\":\(size)").int("maxsize") == size)
                    model.maxsize = size
                    model.trim()
                case 10: _ = try peer.why("f", "\(key)")
                default:
                    let reply = try peer.get("f", "\(key)")
                    #expect(reply.isHit == (model.values[key] != nil), "\(place)")
                    #expect(reply.value == model.values[key], "\(place)")
                    if reply.isHit { model.use(key) }
                }
            }
            #expect(try peer.info("f").int("currsize") == model.keys.count, "round \(round)")
            if round % 3 == 2 {
                #expect(try daemon.stop() == .exited(0))
                daemon = try Daemon(home, options)
                peer = try daemon.connect()
            }
        }
    }

    @Test func theOrderSurvivesACrashOnceASecondHasPassed() throws {
        let home = try Home()
        var daemon = try Daemon(home)
        var peer = try daemon.connect()
        #expect(try peer.define("f", "\"maxsize\":3").isOK)
        for key in 1...3 { #expect(try peer.put("f", "\(key)", "\(key)").isOK) }
        #expect(try peer.get("f", "1").isHit)
        // A crash forgets at most a second of uses.
        #expect(try peer.isSilent(for: 1.1))
        #expect(try peer.sync().isOK)
        try daemon.kill()
        daemon = try Daemon(home)
        peer = try daemon.connect()
        #expect(try peer.put("f", "4", "4").isOK)
        #expect(try peer.why("f", "2").string("state") == "evicted")
        for key in [1, 3, 4] { #expect(try peer.get("f", "\(key)").value == "\(key)") }
        let info = try peer.info("f")
        #expect(info.int("hits")! >= 4)
        #expect(info.int("evictions") == 1)
    }

    @Test func aBoundForManyEntriesHoldsOnceItIsAnswered() throws {
        let home = try Home()
        var daemon = try Daemon(home)
        var peer = try daemon.connect()
        for first in stride(from: 0, to: 6000, by: 1000) {
            let entries = (first..<first + 1000).map { "{\"key\":\($0),\"value\":\($0)}" }
            let reply = try peer.call(
                Peer.request("mput", "f", "\"entries\":[\(entries.joined(separator: ","))]"))
            #expect(reply.int("stored") == 1000)
        }
        let used = Set((0..<150).map { $0 * 37 })
        for key in used { #expect(try peer.get("f", "\(key)").isHit) }
        // Replies keep their order.
        try peer.send(
            Peer.request("define", "f", "\"maxsize\":2000"), Peer.request("info", "f"),
            Peer.request("get", "f", "\"key\":0"))
        #expect(try peer.reply().int("maxsize") == 2000)
        #expect(try peer.reply().int("currsize") == 2000)
        #expect(try peer.reply().isHit)
        let kept = try (0..<6000).filter { try peer.why("f", "\($0)").string("state") == "present" }
        #expect(Set(kept) == used.union((0..<6000).filter { !used.contains($0) }.suffix(1850)))

        // Who asked for it may go, or the daemon end.
        try peer.send(Peer.request("define", "f", "\"maxsize\":900"))
        peer = try daemon.connect()
        try peer.until("the function keeps to its bound") { try $0.info("f").int("currsize") == 900 }
        try peer.send(Peer.request("define", "f", "\"maxsize\":10"))
        #expect(try daemon.stop() == .exited(0))
        daemon = try Daemon(home)
        peer = try daemon.connect()
        try peer.until("the function keeps to its bound") {
            let info = try $0.info("f")
            return info.int("maxsize") == 900 || info.int("currsize") == 10
        }
    }

    @Test func aBoundOfNothingStoresNothing() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        #expect(try peer.put("f", "1", "1").isOK)
        #expect(try peer.define("f", "\"maxsize\":-5").int("maxsize") == 0)
        #expect(try peer.info("f").int("currsize") == 0)
        let reply = try peer.put("f", "1", "1")
        #expect(reply.bool("stored") == false)
        #expect(reply.string("reason") == "maxsize")
        #expect(try peer.why("f", "1").string("state") == "rejected")
        #expect(try peer.define("f", "\"maxsize\":null").has("maxsize"))
        #expect(try peer.put("f", "1", "1").bool("stored") == true)
    }

    /// The byte budgets evict approximately the least recently used, whatever the order of arrival.
    @Test func theBudgetsKeepWhatIsUsed() throws {
        // What waits for its commit cannot leave memory: a short interval keeps that little.
        let daemon = try Daemon(
            nil, ["--hot-bytes", "1MiB", "--cold-bytes", "8MiB", "--flush-interval", "1ms"])
        let peer = try daemon.connect()
        let value = String(repeating: "v", count: 1500)
        let favourites = 0..<100
        for key in favourites { #expect(try peer.put("f", "\(key)", "\"\(key)\(value)\"").isOK) }
        for key in 1000..<12_000 {
            #expect(try peer.put("f", "\(key)", "\"\(key)\(value)\"").isOK)
            if key % 2 == 0 { #expect(try peer.get("f", "\(key / 2 % 100)").isOK) }
        }
        #expect(try peer.sync().isOK)
        let stats = try peer.stats()
        #expect(stats.int("hot.bytes")! <= 1 << 20)
        #expect(stats.int("cold.bytes")! <= 8 << 20)
        #expect(stats.int("evictions")! > 3000)
        var kept = 0
        for key in favourites where try peer.get("f", "\(key)").isHit { kept += 1 }
        print("budgets: \(kept) of 100 favourites kept")
        #expect(kept >= 95)
    }
}
