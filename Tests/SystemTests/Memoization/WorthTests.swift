import Foundation
import Testing

/// What the cache is worth: counters, what it saved, and how long it takes.
@Suite struct WorthTests {
    @Test func hitsSaveWhatTheComputationCost() throws {
        let home = try Home()
        var daemon = try Daemon(home)
        var peer = try daemon.connect()
        #expect(try peer.put("f", "1", "1", "\"cost_ms\":250").isOK)
        #expect(try peer.put("f", "2", "1", "\"cost_ms\":40").isOK)
        #expect(try peer.put("g", "1", "1").isOK)
        for _ in 0..<4 { #expect(try peer.get("f", "1").isHit) }
        #expect(try peer.get("f", "2").isHit)
        #expect(try peer.get("g", "1").isHit)
        #expect(try !peer.get("g", "2").isHit)
        #expect(try peer.call(Peer.request("report", "g", "\"hits\":10,\"saved_ms\":500")).isOK)
        func check() throws {
            let (f, g) = (try peer.info("f"), try peer.info("g"))
            #expect(f.int("saved_ms") == 1040 && f.int("hits") == 5 && f.int("misses") == 0)
            #expect(g.int("saved_ms") == 500 && g.int("hits") == 11 && g.int("misses") == 1)
            let stats = try peer.stats()
            #expect(stats.int("saved_ms") == 1540 && stats.int("hits") == 16 && stats.int("misses") == 1)
        }
        try check()
        try daemon.stop()
        daemon = try Daemon(home)
        peer = try daemon.connect()
        try check()
        // Totals never fall.
        #expect(try peer.call(Peer.request("clear", "f")).int("cleared") == 2)
        #expect(try peer.info("f").int("saved_ms") == 0)
        #expect(try peer.stats().int("saved_ms") == 1540)
        #expect(try peer.stats().int("hits") == 16)
    }

    @Test func noReportEndsTheDaemon() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        let most = "\"hits\":9007199254740992,\"saved_ms\":9007199254740992"
        let reports = (0..<1200).map { _ in Peer.request("report", "f", most) }
        try peer.send(bytes: (reports.joined(separator: "\n") + "\n").utf8)
        for _ in reports { #expect(try peer.reply().isOK) }
        #expect(try peer.put("f", "1", "1", "\"cost_ms\":9007199254740992").isOK)
        for _ in 0..<10 { #expect(try peer.get("f", "1").isHit) }
        #expect(try peer.info("f").int("saved_ms")! >= 1 << 62)
        #expect(try peer.stats().int("hits")! >= 1 << 62)
    }

    @Test func latenciesAreShownForEachOperation() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        for key in 0..<200 {
            #expect(try peer.put("f", "\(key)", "1").isOK)
            #expect(try peer.get("f", "\(key)").isHit)
        }
        let stats = try peer.stats()
        for operation in ["get", "put"] {
            let figures = try ["p50", "p99", "p999"].map {
                try #require(stats.int("latency_us.\(operation).\($0)"))
            }
            #expect(figures == figures.sorted())
            #expect(figures[0] < 100_000)
        }
        #expect(stats["latency_us.delete"] == nil)
    }
}
