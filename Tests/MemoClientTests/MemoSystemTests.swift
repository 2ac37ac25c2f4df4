import Foundation
import MemodFixture
import Synchronization
import Testing

@testable import MemoClient

private final class Counter: Sendable {
    private let count = Atomic(0)
    var value: Int { count.load(ordering: .relaxed) }
    @discardableResult func add() -> Int { count.add(1, ordering: .relaxed).newValue }
}

private struct Broken: Error, Equatable { let number: Int }

@Suite struct MemoSystemTests {
    @Test func aResultIsComputedOnceAndOutlivesTheProgram() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let calls = Counter()
        func program() async throws -> (CacheInfo, [Int]) {
            let memo = fixture.memo()
            defer { memo.close() }
            let risk = memo.memoize("compute_risk_score", maxsize: 512) {
                (portfolio: Int, threshold: Double) async throws in
                calls.add()
                return portfolio * 3 + Int(threshold * 100)
            }
            var scores: [Int] = []
            for call in 0..<1000 { scores.append(try await risk(call % 50, 0.05)) }
            return (risk.cacheInfo(), scores)
        }
        let first = try await program()
        #expect(first.0.description == "CacheInfo(hits=950, misses=50, maxsize=512, currsize=50)")
        #expect(calls.value == 50)
        try fixture.stopDaemon()
        try fixture.startDaemon()
        let second = try await program()
        #expect(second.0.description == "CacheInfo(hits=1000, misses=0, maxsize=512, currsize=50)")
        #expect(second.1 == first.1)
        #expect(calls.value == 50)
        let summary = try fixture.memoctl("stats", "compute_risk_score").output
        #expect(summary.hasPrefix("CacheInfo(hits=1950, misses=50, maxsize=512, currsize=50)\n"))
    }

    @Test(arguments: [false, true]) func resultsMayBeAbsent(singleFlight: Bool) async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        for path in [fixture.socket, "/nonexistent/memod.sock"] {
            let memo = Memo(path: path)
            defer { memo.close() }
            let calls = Counter()
            let half = memo.memoize("half", singleFlight: singleFlight) {
                (number: Int) async throws -> Int? in
                calls.add()
                return number % 2 == 0 ? number / 2 : nil
            }
            let twice = memo.memoize("twice", singleFlight: singleFlight) {
                (number: Int) async throws -> [Int??] in [nil, .some(nil), number]
            }
            for _ in 1...3 {
                #expect(try await half(4) == 2)
                #expect(try await half(3) == nil)
                #expect(try await twice(1) == [nil, .some(nil), 1])
            }
            #expect(calls.value == (path == fixture.socket ? 2 : 6))
        }
    }

    /// Whose JSON leaves something out, and which cannot be compared.
    private struct Lossy: Codable, Sendable {
        var kept: Int
        var lost = 0
        enum CodingKeys: CodingKey { case kept }
    }

    @Test func whatJSONLeavesOutIsNotRemembered() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let memo = fixture.memo()
        defer { memo.close() }
        let sum = memo.memoize("sum") { (pair: Lossy) async throws in pair.kept + pair.lost }
        let pair = memo.memoize("pair") { (number: Int) async throws in [Lossy(kept: 1, lost: number)] }
        for _ in 1...2 {
            #expect(try await sum(Lossy(kept: 1, lost: 2)) == 3)
            #expect(try await sum(Lossy(kept: 1, lost: 3)) == 4)
            #expect(try await sum(Lossy(kept: 1)) == 1)
            #expect(try await pair(7).map(\.lost) == [7])
            #expect(try await pair(0).map(\.lost) == [0])
        }
        #expect(sum.cacheInfo().currsize == 1 && sum.cacheInfo().hits == 1)
        #expect(pair.cacheInfo().currsize == 1 && pair.cacheInfo().hits == 1)
    }

    @Test func withoutADaemonTheFunctionComputes() async throws {
        let memo = Memo(path: "/nonexistent/memod.sock")
        let double = memo.memoize("double") { (number: Int) async throws in number * 2 }
        for number in 0..<100 { #expect(try await double(number) == number * 2) }
        #expect(double.cacheInfo() == CacheInfo(hits: 0, misses: 100, maxsize: 128, currsize: 0))
        double.cacheClear()
        await #expect(throws: MemoError.self) { try await memo.ping() }
    }

    @Test func errorsComeAsTheyAreAndAreNotRemembered() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let memo = fixture.memo()
        let calls = Counter()
        let failing = memo.memoize("failing", singleFlight: true) { (number: Int) async throws -> Int in
            guard calls.add() > 2 else { throw Broken(number: number) }
            return number
        }
        for _ in 0..<2 { await #expect(throws: Broken(number: 7)) { try await failing(7) } }
        #expect(try await failing(7) == 7)
        #expect(try await failing(7) == 7)
        #expect(calls.value == 3)
    }

    @Test func oneFlightForAll() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let calls = Counter()
        // Two clients are what two processes are to the daemon.
        let memos = [fixture.memo(), fixture.memo()]
        let functions = memos.map { memo in
            memo.memoize("slow", singleFlight: true) { (number: Int) async throws in
                calls.add()
                try await Task.sleep(for: .milliseconds(50))
                return number + 1
            }
        }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for call in 0..<40 { group.addTask { try await functions[call % 2](call / 20) } }
            for try await result in group { #expect(result == 1 || result == 2) }
        }
        #expect(calls.value == 2)
    }

    @Test func aRecursiveFunctionInOneFlight() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let memo = fixture.memo()
        let reference = Mutex<Memoized<Int, Int>?>(nil)
        let fibonacci = memo.memoize("fibonacci", maxsize: nil, singleFlight: true) {
            (number: Int) async throws -> Int in
            guard number > 1, let again = reference.withLock({ $0 }) else { return number }
            return try await again(number - 1) + again(number - 2)
        }
        reference.withLock { $0 = fibonacci }
        #expect(try await fibonacci(60) == 1_548_008_755_920)
        #expect(fibonacci.cacheInfo().misses == 61)
        reference.withLock { $0 = nil }
    }

    @Test func nobodyWaitsInACircle() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let memo = fixture.memo()
        let references = Mutex<[Memoized<Int, Int>]>([])
        let arrived = Counter()
        // Each calls the other once both are being computed, and the inner ones call no one.
        func other(_ index: Int) -> @Sendable (Int) async throws -> Int {
            { number in
                guard arrived.add() <= 2 else { return number }
                while arrived.value < 2 { try await Task.sleep(for: .milliseconds(1)) }
                return try await references.withLock { $0 }[1 - index](number) + 1
            }
        }
        let functions = (0..<2).map { memo.memoize("circle \($0)", singleFlight: true, other($0)) }
        references.withLock { $0 = functions }
        async let left = functions[0](5)
        async let right = functions[1](5)
        let results = try await [left, right]
        #expect(results.allSatisfy { $0 >= 6 }, "\(results)")
        references.withLock { $0 = [] }
    }

    @Test func whatOthersClearIsGoneHereToo() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let memo = fixture.memo()
        let calls = Counter()
        let numbered = memo.memoize("numbered") { (_: String) async throws in calls.add() }
        let first = try await numbered("x")
        #expect(try await numbered("x") == first)
        // Once events arrive, results are at hand, and the daemon no longer hears of each hit at once.
        try await wait("a hit at hand") {
            _ = try await numbered("x")
            let heard = try await memo.info("numbered").hits
            return numbered.cacheInfo().hits > heard
        }
        try fixture.memoctl("put", "numbered", "[ \"\\u0078\" ]", "77")
        try await wait("the put") { try await numbered("x") == 77 }
        try fixture.memoctl("clear", "numbered")
        try await wait("the clear") { try await numbered("x") == first + 1 }
        numbered.cacheClear()
        #expect(try await numbered("x") == first + 2)
        await numbered.forget("x")
        #expect(try await numbered("x") == first + 3)
    }

    @Test func aValueOfAnotherShapeIsComputedAnew() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let memo = fixture.memo()
        try fixture.memoctl("put", "shape", "[1]", "\"text\"")
        let shape = memo.memoize("shape") { (number: Int) async throws in number }
        #expect(try await shape(1) == 1)
        #expect(try fixture.memoctl("get", "shape", "[1]").output == "1\n")
    }

    @Test func staleResultsAreRefreshed() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let memo = fixture.memo()
        let calls = Counter()
        let stale = memo.memoize("stale", ttl: .milliseconds(1), stale: .seconds(3600)) {
            (_: Int) async throws in
            calls.add()
        }
        #expect(try await stale(0) == 1)
        try await Task.sleep(for: .milliseconds(5))
        #expect(try await stale(0) == 1)
        try await wait("the refresh") { try await stale(0) > 1 }
    }

    @Test func aResultIsComputedAnewBeforeItsEnd() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let memo = fixture.memo()
        let calls = Counter()
        // What takes a second and counts a thousandfold is as likely as not to be due within ten minutes.
        let early = memo.memoize("early", ttl: .seconds(600), early: 1000) { (_: Int) async throws in
            try await Task.sleep(for: .seconds(1))
            return calls.add()
        }
        #expect(try await early(0) == 1)
        try await wait("the refresh") { try await early(0) > 1 }
    }

    @Test func refreshComputesAnew() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let memo = fixture.memo()
        let calls = Counter()
        let counted = memo.memoize("counted") { (number: Int) async throws -> Int in
            guard number >= 0 else { throw Broken(number: number) }
            return calls.add()
        }
        let again = memo.memoize("counted") { (_: Int) async throws in calls.add() }
        #expect(try await counted(0) == 1)
        #expect(try await again(0) == 1)
        #expect(try await counted.refresh(0) == 2)
        #expect(try await counted(0) == 2)
        #expect(try await again(0) == 2)
        #expect(try await memo.get("counted", JSONText(parsing: "[0]")).value == JSONText(2))
        await #expect(throws: Broken(number: -1)) { try await counted.refresh(-1) }
    }

    @Test func aClearThatCouldNotBeSentIsMadeUpFor() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let memo = fixture.memo()
        let calls = Counter()
        let counted = memo.memoize("counted") { (_: Int) async throws in calls.add() }
        #expect(try await counted(0) == 1)
        #expect(try await counted(1) == 2)
        try await memo.sync()
        try fixture.stopDaemon()
        counted.cacheClear()
        await counted.forget(1)
        try fixture.startDaemon()
        try await wait("the daemon's return") {
            #expect(try await counted(0) > 2)
            #expect(try await counted(1) > 2)
            return try await memo.get("counted", JSONText(parsing: "[1]")).value.map { $0 != JSONText(2) }
                ?? false
        }
    }

    @Test func manyTasksShareAConnection() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let memo = fixture.memo()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<500 {
                group.addTask {
                    let key = JSONText(number)
                    try await memo.put("f", key, key)
                    let found = try await memo.get("f", key)
                    #expect(found.value == key)
                }
            }
            try await group.waitForAll()
        }
        // The other one is that on which published hits are mapped.
        #expect(try await memo.stats().int("connections") ?? 9 <= 2)
        let results = try await memo.mget("f", [JSONText(3), JSONText(1000)])
        #expect(results.map(\.value) == [JSONText(3), nil])
    }

    @Test func itReconnects() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let memo = fixture.memo()
        try await memo.put("f", JSONText(1), JSONText(2), PutOptions(durable: true))
        try fixture.stopDaemon()
        await #expect(throws: MemoError.self) { try await memo.get("f", JSONText(1)) }
        try fixture.startDaemon()
        #expect(try await memo.get("f", JSONText(1)).value == JSONText(2))
    }

    @Test func aCancelledWaitEndsAtOnce() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let memo = fixture.memo()
        let key = JSONText(1)
        let holder = try await memo.get("f", key, GetOptions(lease: .seconds(3600)))
        #expect(holder.lease != nil)
        let waiting = Task {
            try await memo.get("f", key, GetOptions(lease: .seconds(3600), wait: .seconds(3600)))
        }
        try await wait("the waiting") { try await memo.stats().object("leases")?.int("waiters") ?? 1 > 0 }
        waiting.cancel()
        await #expect {
            try await waiting.value
        } throws: {
            ($0 as? MemoError)?.code == .cancelled
        }
        #expect(try await memo.release("f", key, lease: try #require(holder.lease)))
    }

    @Test func aCancelledFlightLeavesNothingBehind() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let memo = fixture.memo()
        let key = try JSONText(parsing: "[1]")
        let holder = try await memo.get("f", key, GetOptions(lease: .seconds(3600)))
        let function = memo.memoize("f", singleFlight: true) { (number: Int) async throws in number + 1 }
        let waiting = Task { try await function(1) }
        try await wait("the waiting") { try await memo.stats().object("leases")?.int("waiters") ?? 1 > 0 }
        waiting.cancel()
        #expect(try await waiting.value == 2)
        // The lease is not granted to the request that no one waits for any more, or not for long.
        #expect(try await memo.release("f", key, lease: try #require(holder.lease)))
        let next = try await memo.get("f", key, GetOptions(lease: .seconds(3600), wait: .seconds(600)))
        #expect(next.lease != nil)
    }

    @Test func eventsArrive() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let memo = fixture.memo()
        let events = memo.events(function: "f")
        let first = Task { () -> Event? in
            for try await event in events { return event }
            return nil
        }
        let isDone = Counter()
        Task {
            _ = try? await first.value
            isDone.add()
        }
        try await wait("an event") {
            try await memo.put("f", JSONText(1), JSONText(2))
            return isDone.value > 0
        }
        let event = try #require(try await first.value)
        #expect(event.kind == .put && event.function == "f" && event.key == JSONText(1))
        #expect(event.client == memo.name)
    }

    @Test func everyOperationOfBothClients() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let memo = fixture.memo()
        let blocking = BlockingClient(path: fixture.socket)
        #expect(try await memo.hello().string("server") == "memod")
        try await memo.ping()
        #expect(try blocking.mput("g", [Entry(key: 1, value: 2), Entry(key: 2, value: 3)]) == 2)
        #expect(try await memo.touch("g", 1, ttl: .lasting(.seconds(100))))
        #expect(try await memo.touch("g", 9, ttl: .forever) == false)
        #expect(try await memo.define("g", Profile(maxsize: .entries(10), ttl: .forever)).maxsize == 10)
        try await memo.report("g", hits: 5, saved: .seconds(1))
        #expect(try await memo.info("g").hits == 5)
        #expect(try blocking.functions().rows.map(\.name) == ["g"])
        #expect(try await memo.keys("g").rows.count == 2)
        #expect(try blocking.delete("g", 1) == 1)
        #expect(try await memo.why("g", 1).string("state") == "deleted")
        try await memo.sync()
        try blocking.put("g", 5, 6, PutOptions(tags: ["t"]))
        #expect(try await memo.clear(tag: "t") == 1)
        #expect(try await memo.clear(function: "g") == 1)
        #expect(try blocking.clearAll() == 0)
        let lease = try #require(try blocking.get("g", 7, GetOptions(lease: .seconds(5))).lease)
        #expect(try blocking.put("g", 7, 8, PutOptions(lease: "nonsense")) == .refused(reason: "lease_lost"))
        #expect(try await memo.release("g", 7, lease: lease))
        let copy = fixture.directory + "/copy.db"
        try await memo.backup(path: copy)
        #expect(FileManager.default.fileExists(atPath: copy))
        await #expect {
            try await memo.get(String(repeating: "x", count: 600), 1)
        } throws: {
            ($0 as? MemoError)?.code == .badRequest
        }
    }
}
