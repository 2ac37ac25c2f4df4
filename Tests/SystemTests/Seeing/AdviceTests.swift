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
        let before = try ask(6000)
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
        #expect(abs(row.double("hit_ratio")! - before) < 0.03)
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
        _ = try ask(3000)
        #expect(abs(try ask(6000) - promised) < 0.05)

        let all = try peer.call(#"{"op":"advise"}"#)
        let large = try #require(all.rows("functions").first { $0.string("fn") == "large" })
        #expect(large.int("suggest.maxsize") == 40)
        #expect(all.has("hot"))
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
