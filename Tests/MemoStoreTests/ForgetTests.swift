import Testing

@testable import MemoStore

/// How functions go, and what is kept in memory only.
@Suite struct ForgetTests {
    private final class Fixture {
        let disk = SimulatedDisk()
        var limits = StoreLimits()
        var core: StoreCore

        init(hotBytes: Int = 1 << 20) {
            core = disk.restart(
                hotBytes: hotBytes, coldBytes: 1 << 30, now: 1_000_000, random: 7, limits: StoreLimits())
            core.now = 1_000_000
        }

        func function(_ name: String, owner: Int64 = -1) -> FunctionSlot {
            var name = name
            return name.withUTF8 { core.internFunction(owner: owner, name: UnsafeRawBufferPointer($0))! }
        }

        func isKnown(_ name: String) -> Bool {
            var name = name
            return name.withUTF8 { core.function(owner: -1, name: UnsafeRawBufferPointer($0)) != nil }
        }

        @discardableResult
        func put(_ function: FunctionSlot, _ key: String, _ size: Int) -> PutOutcome {
            let value = [UInt8](repeating: 0x30, count: size)
            return Array(key.utf8).withUnsafeBytes { key in
                value.withUnsafeBytes { value in
                    core.put(
                        function, PutRequest(key: key, hash: core.hash(function, key), value: value, uid: 0),
                        loadedRows: [])
                }
            }
        }

        func isLive(_ function: FunctionSlot) -> Bool { core.functions.isLive(function) }

        var listed: Int { core.functions(after: nil, limit: 10) { _ in true }.page.count }

        func totalHits(of owner: Int64? = nil) -> Int64 { core.statistics(owner: owner).totals.hits }

        func info(_ function: FunctionSlot) -> FunctionInfo { core.info(function) }

        func forget(_ function: FunctionSlot) -> Int { core.forget(function) }

        func has(_ function: FunctionSlot, _ key: String) -> Bool {
            Array(key.utf8).withUnsafeBytes { key in
                switch core.why(function, key, hash: core.hash(function, key), loadedRows: []) {
                case .present, .cold: true
                default: false
                }
            }
        }

        func restart() {
            core.flushCounters()
            core.finish()
            disk.commit(&core)
            core.check()
            let now = core.now
            core.dispose()
            core = disk.restart(hotBytes: 1 << 20, coldBytes: 1 << 30, now: now, random: 8, limits: limits)
            core.now = now
        }
    }

    @Test func aForgottenFunctionIsGoneAndItsCountsStayInTheTotals() {
        let fixture = Fixture()
        let function = fixture.function("f")
        for key in 0..<5 { fixture.put(function, "\(key)", 100) }
        fixture.core.report(function, hits: 7, savedMs: 9)
        var change = ProfileChange()
        change.maxsize = .some(3)
        change.typed = true
        fixture.core.define(function, change)
        #expect(fixture.forget(function) == 0)
        #expect(fixture.info(function).isEmpty)
        #expect(fixture.listed == 0)
        #expect(fixture.totalHits() == 7)
        fixture.core.check()
        for _ in 0..<3 { _ = fixture.core.sweep() }
        #expect(!fixture.isKnown("f"))
        fixture.disk.commit(&fixture.core)
        fixture.core.check()
        // Its number is not given out again, so that no row of before can be taken for a new one.
        let again = fixture.function("f")
        #expect(!fixture.has(again, "1"))
        fixture.restart()
        #expect(fixture.totalHits() == 7)
        fixture.core.check()
        fixture.core.dispose()
    }

    @Test func oneThatIsUsedAgainAtOnceStays() {
        let fixture = Fixture()
        let function = fixture.function("f")
        fixture.put(function, "1", 10)
        #expect(fixture.forget(function) == 1)
        fixture.put(function, "2", 10)
        for _ in 0..<3 { _ = fixture.core.sweep() }
        #expect(fixture.isKnown("f") && fixture.has(function, "2") && !fixture.has(function, "1"))
        fixture.core.check()
        fixture.core.dispose()
    }

    @Test func whatNothingUsedForLongIsRetired() {
        let fixture = Fixture()
        let (empty, full) = (fixture.function("empty", owner: 5), fixture.function("full"))
        fixture.core.report(empty, hits: 3, savedMs: 0)
        fixture.put(full, "1", 10)
        fixture.core.flushCounters()
        fixture.disk.commit(&fixture.core)
        fixture.core.now += 29 * 86_400_000
        _ = fixture.core.sweep()
        #expect(fixture.isLive(empty))
        fixture.core.now += 2 * 86_400_000
        _ = fixture.core.sweep()
        #expect(!fixture.isLive(empty))
        #expect(fixture.isLive(full) && fixture.has(full, "1"))
        #expect(fixture.totalHits(of: 5) == 3)
        fixture.core.check()
        fixture.core.dispose()
    }

    @Test func whatIsNotToPersistNeverReachesTheDisk() {
        let fixture = Fixture()
        let function = fixture.function("secret")
        fixture.put(function, "0", 100)
        var change = ProfileChange()
        change.persists = false
        fixture.core.define(function, change)
        // What was on disk goes.
        #expect(fixture.info(function).currsize == 0)
        for key in 1...20 { #expect(fixture.put(function, "\(key)", 100) == .stored) }
        fixture.core.check()
        #expect(fixture.info(function).currsize == 20 && fixture.info(function).bytes > 2000)
        for write in fixture.core.pipeline.queue.writes {
            if case .insert(_, let id, _, let payload) = write {
                #expect(id != fixture.info(function).row.id || payload.key.count == 1)
            }
        }
        fixture.disk.commit(&fixture.core)
        for _ in 0..<3 { _ = fixture.core.sweep() }
        fixture.core.check()
        #expect(fixture.has(function, "7"))
        fixture.restart()
        let again = fixture.function("secret")
        #expect(!fixture.info(again).row.persists && fixture.info(again).currsize == 0)
        fixture.core.check()
        // What was put under the promise stays off the disk, and what is put from then on is written.
        fixture.put(again, "1", 100)
        change.persists = true
        fixture.core.define(again, change)
        #expect(!fixture.has(again, "1"))
        fixture.put(again, "2", 100)
        fixture.restart()
        let last = fixture.function("secret")
        #expect(!fixture.has(last, "1") && fixture.has(last, "2"))
        fixture.core.check()
        fixture.core.dispose()
    }

    @Test func maxBytesEvictsTheFunctionsOwnOldest() {
        let fixture = Fixture()
        let (bounded, other) = (fixture.function("bounded"), fixture.function("other"))
        for key in 0..<10 {
            fixture.put(bounded, "\(key)", 1000)
            fixture.put(other, "\(key)", 1000)
        }
        var change = ProfileChange()
        change.maxBytes = .some(5000)
        fixture.core.define(bounded, change)
        #expect((0..<10).filter { fixture.has(bounded, "\($0)") } == [6, 7, 8, 9])
        #expect(fixture.info(other).currsize == 10)
        #expect(fixture.put(bounded, "10", 5000) == .tooLarge)
        fixture.put(bounded, "11", 1500)
        #expect((0..<12).filter { fixture.has(bounded, "\($0)") } == [8, 9, 11])
        fixture.core.check()
        fixture.restart()
        let again = fixture.function("bounded")
        #expect(fixture.info(again).row.maxBytes == 5000 && fixture.info(again).bytes <= 5000)
        fixture.core.check()
        fixture.core.dispose()
    }
}
