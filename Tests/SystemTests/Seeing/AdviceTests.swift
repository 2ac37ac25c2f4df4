import TestSupport
import Testing

/// Advice that is taken keeps what it promised.
@Suite struct AdviceTests {
    @Test func theAdviceTakenReachesWhatItPromised() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        #expect(try peer.define("small", "\"maxsize\":24").isOK)
        #expect(try peer.define("large", "\"maxsize\":5000").isOK)
        var random = SeededGenerator(7)
        // Keys of a triangle's distribution over 150, and 40 keys in turns.
        func ask(_ count: Int) throws -> Double {
            var hits = 0
            for index in 0..<count {
                let key = min(
                    Int.random(in: 0..<150, using: &random), Int.random(in: 0..<150, using: &random))
                if try peer.get("small", "\(key)").isHit {
                    hits += 1
                } else {
                    #expect(try peer.put("small", "\(key)", "1", "\"cost_ms\":10").isOK)
                }
                if try !peer.get("large", "\(index % 40)").isHit {
                    #expect(try peer.put("large", "\(index % 40)", "1").isOK)
                }
            }
            return Double(hits) / Double(count)
        }
        let before = try ask(20_000)
        var advice = try peer.call(#"{"op":"advise","fn":"small"}"#)
        // Look-ups reach the models twice a second: all have, once nothing changes any more.
        var since = Moment.now
        var curve = Substring()
        try peer.until("advice on all look-ups") {
            let last = curve
            advice = try $0.call(#"{"op":"advise","fn":"small"}"#)
            curve = advice.text.prefix { $0 != "]" }
            if curve != last { since = .now }
            return try advice.rows("functions").first?["suggest"] != nil && since.age > 2
        }
        let row = try #require(advice.rows("functions").first)
        #expect(abs(row.double("hit_ratio")! - before) < 0.005)
        let sizes = try row.rows("curve")
        #expect(sizes.first?.int("maxsize") == 3)
        for (one, next) in zip(sizes, sizes.dropFirst()) {
            #expect(
                Double(next.int("maxsize")!)
                    <= max(Double(one.int("maxsize")!) * 1.5, Double(one.int("maxsize")! + 1)))
            #expect(next.double("hit_ratio")! >= one.double("hit_ratio")!)
        }
        let size = try #require(row.int("suggest.maxsize"))
        let promised = try #require(row.double("suggest.hit_ratio"))
        #expect(size > 24)
        #expect(row.int("suggest.saved_ms_per_hour")! > 0)

        #expect(try peer.define("small", "\"maxsize\":\(size)").isOK)
        _ = try ask(1000)
        #expect(abs(try ask(20_000) - promised) < 0.03)

        let all = try peer.call(#"{"op":"advise"}"#)
        let large = try #require(all.rows("functions").first { $0.string("fn") == "large" })
        #expect(large.int("suggest.maxsize") == 40)
        #expect(all.has("hot"))
    }

    /// Against a cache of each size that really runs, as fast as the daemon takes it.
    @Test func theCurveIsThatOfRealCaches() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        #expect(try peer.define("f", "\"maxsize\":1000").isOK)
        var random = SeededGenerator(SeededGenerator.seed(for: "theCurveIsThatOfRealCaches"))
        // Hot keys, a loop among them, and a scan.
        let keys = (0..<100_000).map { index in
            switch index % 4 {
            case 0: Int.random(in: 0..<300, using: &random) * Int.random(in: 0...1, using: &random)
            case 1: 1000 + index / 4 % 700
            case 2 where index > 60_000 && index < 70_000: 100_000 + index
            default:
                2000 + min(Int.random(in: 0..<4000, using: &random), Int.random(in: 0..<4000, using: &random))
            }
        }
        for start in stride(from: 0, to: keys.count, by: 1000) {
            let some = keys[start..<start + 1000].map(String.init).joined(separator: ",")
            #expect(try peer.call("{\"op\":\"mget\",\"fn\":\"f\",\"keys\":[\(some)]}").isOK)
        }
        var row: Reply?
        var (told, since) = (Substring(), Moment.now)
        try peer.until("advice on all look-ups") {
            let advice = try $0.call(#"{"op":"advise","fn":"f"}"#)
            let last = told
            told = advice.text.prefix { $0 != "]" }
            if told != last { since = .now }
            row = try advice.rows("functions").first
            return row != nil && since.age > 2
        }
        let curve = try #require(row).rows("curve")
        #expect(curve.count > 8 && curve.last!.int("maxsize")! > 3000)
        // Each takes a while.
        for point in stride(from: 0, to: curve.count, by: 3).map({ curve[$0] }) {
            let (size, estimated) = (point.int("maxsize")!, point.double("hit_ratio")!)
            let ratio = Self.hitRatio(keys, size: size)
            #expect(abs(estimated - ratio) < 0.02, "size \(size): \(estimated), really \(ratio)")
        }
    }

    /// Of a least-recently-used cache.
    private static func hitRatio(_ keys: [Int], size: Int) -> Double {
        var times: [Int: Int] = [:]
        var uses: [(key: Int, time: Int)] = []
        var oldest = 0
        var hits = 0
        for (time, key) in keys.enumerated() {
            if times[key] != nil { hits += 1 }
            times[key] = time
            uses.append((key, time))
            while times.count > size {
                if times[uses[oldest].key] == uses[oldest].time { times[uses[oldest].key] = nil }
                oldest += 1
            }
        }
        return Double(hits) / Double(keys.count)
    }

    /// Under isolation an administrator is told of everyone's.
    @Test(.enabled(if: Household.isPossible)) func administratorsSeeEverybodysByName() throws {
        let household = try Household()
        let (alice, bob, carol) = (
            try household.alice.connect(), try household.bob.connect(), try household.carol.connect()
        )
        for (peer, count) in [(alice, 30), (bob, 50)] {
            #expect(try peer.define("f", "\"maxsize\":10").isOK)
            for key in 0..<count { #expect(try !peer.get("f", "\(key)").isHit) }
        }
        func misses(_ peer: Peer) throws -> Int {
            try peer.call(#"{"op":"history","fn":"f"}"#).rows("points").reduce(0) { $0 + $1.int("misses")! }
        }
        #expect(try misses(alice) == 30)
        #expect(try misses(bob) == 50)
        #expect(try misses(carol) == 80)
        #expect(try carol.call(#"{"op":"history","fn":"g"}"#).rows("points").last?.int("misses") == 0)
        try carol.until("advice for both") {
            try $0.call(#"{"op":"advise","fn":"f"}"#).rows("functions").count == 2
        }
        let uids = try carol.call(#"{"op":"advise","fn":"f"}"#).rows("functions").map { $0.int("uid") }
        #expect(uids == [Household.aliceID, Household.bobID])
        #expect(try alice.call(#"{"op":"advise","fn":"f"}"#).rows("functions").map { $0.int("uid") } == [nil])
    }

    @Test func keysAskedOnceAreNoReasonToGrow() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        #expect(try peer.define("once", "\"maxsize\":100").isOK)
        #expect(try peer.define("idle", "\"maxsize\":100").isOK)
        for key in 0..<2000 { #expect(try !peer.get("once", "\(key)").isHit) }
        try peer.until("a reason") {
            let rows = try $0.call(#"{"op":"advise","fn":"once"}"#).rows("functions")
            return rows.first?.string("reason")?.contains("asked once") == true
        }
        let idle = try peer.call(#"{"op":"advise","fn":"idle"}"#).rows("functions")
        #expect(idle.first?.string("reason")?.contains("too few") == true)
        // Without a bound there is nothing to advise.
        #expect(try peer.put("unbounded", "1", "1").isOK)
        #expect(try peer.call(#"{"op":"advise","fn":"unbounded"}"#).rows("functions").isEmpty)
    }
}
