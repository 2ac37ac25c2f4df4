import Foundation
import MemoWire
import Testing

/// Dear requests of some do not hold the others up.
///
/// How long others wait is bounded by how much is done while the lock is held, which the daemon counts; that is what the
/// suite looks at. With `MEMOD_TEST_LATENCY=1` on a machine that does nothing else, times are looked at as well; with
/// something else in place of the 1, those of requests whose description has it.
@Suite(.serialized) struct FairnessTests {
    private static let timed = ProcessInfo.processInfo.environment["MEMOD_TEST_LATENCY"]
    private static let isTimed = timed != nil

    /// One function with an entry that someone else asks for.
    private func begin(_ options: [String] = []) throws -> (Daemon, Peer) {
        let daemon = try Daemon(nil, ["--io-threads", "1", "--hot-bytes", "64MiB"] + options)
        let other = try daemon.connect()
        #expect(try other.put("other", "1", "\"mine\"").isOK)
        return (daemon, other)
    }

    @Test func everyOperationIsTried() throws {
        let tried = Set(DearRequest.all(in: try Home()).map(\.operation))
        #expect(tried == Set(MemoWire.Operation.allCases))
    }

    /// Whatever is asked for, the lock is held for a bounded piece of it.
    @Test func noRequestDoesMuchAtOnce() throws {
        let (daemon, other) = try begin()
        let before = try daemon.memoryKB()
        for dear in DearRequest.all(in: daemon.home) where !Self.isTimed {
            try setUp(dear, daemon)
            let flood = try Flood(
                daemon.home.socket, connections: dear.connections, dear.lines, reads: dear.reads)
            try flood.run(rounds: 1)
            #expect(try other.get("other", "1").isOK, "\(dear.testDescription)")
            let stats = try other.stats()
            let (most, limit) = (
                try #require(stats.int("work.most_at_once")), try #require(stats.int("work.limit"))
            )
            #expect(
                most <= limit, "\(dear.testDescription): \(most) units of work at once, \(limit) are allowed")
            guard most <= limit else { return }
            // What was cleared would be missed by no one but the other's entry.
            #expect(try other.put("other", "1", "\"mine\"").isOK)
        }
        #expect(try daemon.memoryKB() - before < 900 << 10)
    }

    /// Someone else's `get`, asked for now and then while four connections ask for the dearest there is.
    @Test(.enabled(if: isTimed)) func othersAreServedWithinMilliseconds() throws {
        let (daemon, other) = try begin()
        var slow: [String] = []
        for dear in DearRequest.all(in: daemon.home)
        where Self.timed == "1" || dear.testDescription.contains(Self.timed ?? "") {
            try setUp(dear, daemon)
            #expect(try other.put("other", "1", "\"mine\"").isOK)
            let isOver = Flag()
            let socket = daemon.home.socket
            let running = try Crew.start(1) { _ in
                let flood = try Flood(
                    socket, connections: dear.connections, (dear.isUsedUp ? dear.setUp : []) + dear.lines,
                    reads: dear.reads)
                try flood.run { isOver.isSet }
            }
            usleep(200_000)
            var times: [Double] = []
            let end = Moment.after(seconds: 2)
            while end.remainingMs > 0 {
                let start = Moment.now
                _ = try other.get("other", "1")
                times.append(start.age * 1000)
                usleep(500)
            }
            isOver.set()
            try running.join()
            times.sort()
            let (half, most) = (times[times.count / 2], times[times.count * 99 / 100])
            print(
                dear.testDescription.padding(toLength: 48, withPad: " ", startingAt: 0),
                String(format: "p50 %.2f p99 %.2f max %.1f ms", half, most, times.last!))
            if most >= 5 { slow.append("\(dear.testDescription): p99 \(most) ms") }
        }
        #expect(slow.isEmpty, "\(slow.joined(separator: "\n"))")
    }

    private func setUp(_ dear: DearRequest, _ daemon: Daemon) throws {
        guard !dear.setUp.isEmpty else { return }
        try Flood(daemon.home.socket, connections: 1, dear.setUp).run(rounds: 1)
    }
}

/// Set once, by one thread, for another.
private final class Flag: @unchecked Sendable {
    private let lock = NSLock()
    private var value = false

    var isSet: Bool { lock.withLock { value } }
    func set() { lock.withLock { value = true } }
}
