import Testing

@testable import MemoStore

/// A clear of many functions is seen as a whole, though it goes through them in pieces.
@Suite struct MassClearTests {
    private func makeCore(functions count: Int) -> StoreCore {
        var core = StoreCore(
            hotBytes: 1 << 24, coldBytes: 1 << 30, limits: StoreLimits(), random: RandomSource(seed: 1))!
        core.now = 1_000_000
        for name in 0..<count {
            put(&core, "\(name)")
        }
        return core
    }

    private func function(_ core: inout StoreCore, _ name: String) -> FunctionSlot {
        Array(name.utf8).withUnsafeBytes { core.internFunction(owner: -1, name: $0) }!
    }

    private func put(_ core: inout StoreCore, _ name: String) {
        let function = function(&core, name)
        Array("1".utf8).withUnsafeBytes { key in
            let request = PutRequest(key: key, hash: core.hash(function, key), value: key, uid: 0)
            let outcome = core.put(function, request, loadedRows: [])
            #expect(outcome == .stored)
        }
    }

    /// How many entries a function has, for someone who asks by its name.
    private func count(_ core: inout StoreCore, _ name: String) -> Int {
        let place = Array(name.utf8).withUnsafeBytes { core.function(owner: -1, name: $0) }
        return place.map { core.info($0).currsize } ?? 0
    }

    private func begin(_ core: inout StoreCore, _ connection: UInt64, _ meant: @escaping (UInt32) -> Bool)
        -> MassClear
    {
        core.beginClear(for: ConnectionID(rawValue: connection)) { slot, core in
            guard meant(slot.rawValue) else { return }
            _ = core.clear(function: slot, resettingCounters: false)
            core.work.spend(1)
        }
    }

    private func goOn(_ core: inout StoreCore, _ clear: MassClear, _ steps: Int = .max) -> Bool {
        var left = steps
        return core.goOn(clear) { _ in
            left -= 1
            return left < 0
        }
    }

    @Test func noneOfItIsSeenOnceItBegan() {
        var core = makeCore(functions: 100)
        defer { core.dispose() }
        let clear = begin(&core, 1) { $0 % 2 == 0 }
        var isOver = goOn(&core, clear, 10)
        let isHeld = core.pipeline.isHeld
        #expect(!isOver && isHeld)
        for name in [98, 99] {
            let count = count(&core, "\(name)")
            #expect(count == (name % 2 == 0 ? 0 : 1))
        }
        // What is put from now on stays, in functions that it has not come to, and in new ones.
        put(&core, "98")
        put(&core, "new")
        isOver = goOn(&core, clear)
        let isReleased = !core.pipeline.isHeld
        #expect(isOver && isReleased)
        for name in 0..<98 {
            let count = count(&core, "\(name)")
            #expect(count == (name % 2 == 0 ? 0 : 1))
        }
        let kept = [count(&core, "98"), count(&core, "new")]
        #expect(kept == [1, 1])
        core.check()
    }

    /// The order of two is that in which they began, for each function.
    @Test func twoAtATimeAreBothSeen() {
        var core = makeCore(functions: 100)
        defer { core.dispose() }
        let first = begin(&core, 1) { $0 >= 50 }
        _ = goOn(&core, first, 1)
        let second = begin(&core, 2) { $0 < 60 }
        let isOver = goOn(&core, second)
        #expect(isOver)
        for name in 0..<100 {
            let count = count(&core, "\(name)")
            #expect(count == 0)
        }
        put(&core, "70")
        let isFirstOver = goOn(&core, first)
        let kept = count(&core, "70")
        #expect(isFirstOver && kept == 1)
    }

    @Test func whoseConnectionIsGoneClearsNothingMore() {
        var core = makeCore(functions: 10)
        defer { core.dispose() }
        let clear = begin(&core, 1) { _ in true }
        _ = goOn(&core, clear, 2)
        core.connectionClosed(ConnectionID(rawValue: 1))
        let (count, isHeld) = (count(&core, "9"), core.pipeline.isHeld)
        #expect(count == 1 && !isHeld)
    }
}
