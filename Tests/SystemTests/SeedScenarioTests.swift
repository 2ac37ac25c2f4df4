import Testing

/// The programs that memod's patterns were learnt from, with the figures that each has to show.
@Suite struct SeedScenarioTests {
    /// 1000 calls of `compute_risk_score` over 50 inputs.
    private func callRiskScores(_ peer: Peer) throws -> (hits: Int, misses: Int) {
        var (hits, misses) = (0, 0)
        for call in 0..<1000 {
            let key = "[\(call % 50),0.05]"
            let expected = "\((call % 50) * 7919 % 100)"
            let reply = try peer.get("compute_risk_score", key)
            if reply.isHit {
                hits += 1
                #expect(reply.value == expected)
            } else {
                misses += 1
                #expect(
                    try peer.put("compute_risk_score", key, expected, "\"cost_ms\":10").bool("stored") == true
                )
            }
        }
        return (hits, misses)
    }

    @Test func riskScoresAreComputedOnceEvenAcrossARestart() throws {
        let home = try Home()
        var daemon = try Daemon(home)
        var peer = try daemon.connect()
        #expect(try peer.define("compute_risk_score", "\"maxsize\":512").isOK)
        #expect(try callRiskScores(peer) == (950, 50))
        var info = try peer.info("compute_risk_score")
        #expect(info.int("hits") == 950)
        #expect(info.int("misses") == 50)
        #expect(info.int("maxsize") == 512)
        #expect(info.int("currsize") == 50)
        #expect(info.int("saved_ms") == 9500)

        #expect(try daemon.stop() == .exited(0))
        daemon = try Daemon(home)
        peer = try daemon.connect()
        #expect(try callRiskScores(peer) == (1000, 0))
        info = try peer.info("compute_risk_score")
        #expect(info.int("hits") == 1950)
        #expect(info.int("misses") == 50)
        #expect(info.int("maxsize") == 512)
        #expect(info.int("currsize") == 50)
        #expect(try peer.stats().int("hits") == 1950)
    }

    @Test func heavyStuffIsOneHitAndTwoMisses() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        _ = try peer.define("compute_heavy_stuff", "\"maxsize\":128")
        var results: [Int] = []
        for parameter in [10_000, 10_000, 20_000] {
            let key = "[\"heavy1\",\(parameter)]"
            let reply = try peer.get("compute_heavy_stuff", key)
            if let value = reply.value.flatMap({ Int($0) }) {
                results.append(value)
            } else {
                let value = (0..<parameter).reduce(0) { $0 + $1 * $1 }
                _ = try peer.put("compute_heavy_stuff", key, "\(value)")
                results.append(value)
            }
        }
        #expect(results == [333_283_335_000, 333_283_335_000, 2_666_466_670_000])
        let info = try peer.info("compute_heavy_stuff")
        #expect(info.int("hits") == 1)
        #expect(info.int("misses") == 2)
    }

    @Test func tenThousandProductsShareThreeProfiles() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        for start in stride(from: 0, to: 10_000, by: 1000) {
            for category in 0..<3 {
                let entries = (start..<start + 1000).filter { $0 % 3 == category }.map {
                    "{\"key\":\($0),\"value\":\(Double($0) * 9.99)}"
                }
                let reply = try peer.call(
                    Peer.request(
                        "mput", "category_\(category)/kg", "\"entries\":[\(entries.joined(separator: ","))]"))
                #expect(reply.int("stored") == entries.count)
            }
        }
        let stats = try peer.stats()
        #expect(stats.int("functions") == 3)
        #expect(stats.int("currsize") == 10_000)
        let rows = try peer.call(#"{"op":"functions"}"#).list("functions")
        #expect(
            rows.compactMap { $0["fn"] as? String } == ["category_0/kg", "category_1/kg", "category_2/kg"])
        #expect(rows.compactMap { $0["currsize"] as? Int } == [3334, 3333, 3333])
    }

    @Test func thePoolIsBackAtItsSizeAfterUse() throws {
        let daemon = try Daemon()
        let observer = try daemon.connect()
        // Unfinished lines hold buffers; ten connections at once are ten of them.
        func useAll() throws {
            let peers = try (0..<10).map { _ in try daemon.connect() }
            let value = String(repeating: "x", count: 40_000)
            for peer in peers {
                try peer.send(bytes: #"{"op":"put","fn":"pool","key":1,"value":"\#(value)"#.utf8)
            }
            try observer.until("ten buffers in use") { try $0.stats().int("pool.in_use")! >= 10 }
            for peer in peers { try peer.send("\"}") }
            for peer in peers { #expect(try peer.reply().bool("stored") == true) }
        }
        try useAll()
        // The observer's own request is in a buffer while it is answered.
        func idleAlone() throws -> Reply {
            try observer.until("the others are gone") { try $0.stats().int("connections") == 1 }
            return try observer.stats()
        }
        let before = try idleAlone()
        #expect(before.int("pool.in_use")! <= 2)
        let size = before.int("pool.bytes")! / (before.int("pool.idle")! + before.int("pool.in_use")!)
        for _ in 0..<5 {
            try useAll()
            let after = try idleAlone()
            #expect(after.int("pool.in_use") == before.int("pool.in_use"))
            let idle = try #require(after.int("pool.idle"))
            // None is lost, and there are never more than were used at once: a line and a reply for each of ten
            // connections, and what the observer's own request takes. How many were depends on when each arrived.
            #expect(idle >= before.int("pool.idle")! && idle <= 22)
            #expect(after.int("pool.bytes") == (idle + after.int("pool.in_use")!) * size)
        }
    }
}
