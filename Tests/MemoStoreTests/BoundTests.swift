import Testing

@testable import MemoStore

/// What one may ask for at once, and keep, is bounded by what it takes and not by how many there are of it.
@Suite struct BoundTests {
    private func makeCore(_ limits: StoreLimits) -> StoreCore {
        var core = StoreCore(
            hotBytes: 1 << 24, coldBytes: 1 << 30, limits: limits, random: RandomSource(seed: 1))!
        core.now = 1_000_000
        return core
    }

    private func function(_ core: inout StoreCore, _ name: String) -> FunctionSlot? {
        Array(name.utf8).withUnsafeBytes { core.internFunction(owner: -1, name: $0) }
    }

    private func put(_ core: inout StoreCore, _ function: FunctionSlot, _ key: Int, tags: [TagID]) {
        Array("\(key)".utf8).withUnsafeBytes { key in
            var request = PutRequest(key: key, hash: core.hash(function, key), value: key, uid: 0)
            request.tags = tags
            let outcome = core.put(function, request, loadedRows: [])
            #expect(outcome == .stored)
        }
    }

    /// To remove an entry with sixteen tags takes as much as to remove many.
    @Test func entriesWithManyTagsGoInSmallerPieces() {
        var core = makeCore(StoreLimits())
        defer { core.dispose() }
        let f = function(&core, "f")!
        let tags = core.internTags(owner: -1, names: (0..<16).map { "t\($0)" })!
        for key in 0..<4000 { put(&core, f, key, tags: tags) }
        _ = core.committed(core.takeBatch(), tookMs: 1, flushIntervalMs: 100)
        let most = core.limits.pieceWork + 100
        /// What was done since it was asked last.
        func takeWork(_ core: inout StoreCore) -> Int {
            defer { core.work.end() }
            return core.work.units
        }
        _ = takeWork(&core)

        var (goal, rows): (Int, [Int64]) = (1 << 30, [])
        var isMore = core.evictForSpace(&goal, &rows)
        var work = takeWork(&core)
        #expect(isMore && (1..<1000).contains(rows.count) && work < most)
        var change = ProfileChange()
        change.maxsize = .some(1000)
        core.define(f, change)
        work = takeWork(&core)
        let isResizing = core.isResizing(f)
        #expect(isResizing && work < most)
        while let job = core.nextResizeJob() {
            isMore = core.trim(job)
            work = takeWork(&core)
            #expect(work < most)
            if !isMore { break }
        }
        let cleared = core.clear(tags: [tags[0]], for: 1)
        work = takeWork(&core)
        #expect(cleared == nil && work < most)
        core.check()
        core.tags.check()
    }

    /// While large values take the place of very many small ones, whoever puts little does not wait for that.
    @Test func whoFillsMemoryWaitsAlone() {
        var core = StoreCore(
            hotBytes: 1 << 20, coldBytes: 1 << 30, limits: StoreLimits(), random: RandomSource(seed: 1))!
        core.now = 1_000_000
        defer { core.dispose() }
        let f = function(&core, "f")!
        let (one, other) = (
            QueueWriter(connection: ConnectionID(rawValue: 1), uid: 1),
            QueueWriter(connection: ConnectionID(rawValue: 2), uid: 1)
        )
        func put(_ key: Int, _ bytes: Int, _ core: inout StoreCore) {
            let value = [UInt8](repeating: UInt8(key & 0xff), count: bytes)
            let queued = core.queuedBytes
            Array("\(key)".utf8).withUnsafeBytes { key in
                value.withUnsafeBytes { value in
                    let request = PutRequest(key: key, hash: core.hash(f, key), value: value, uid: 0)
                    let outcome = core.put(f, request, loadedRows: [])
                    #expect(outcome == .stored)
                }
            }
            core.note(one, since: queued, storing: bytes)
            core.work.end()
        }
        func commit(_ core: inout StoreCore) {
            let batch = core.takeBatch()
            _ = core.committed(batch, tookMs: 1, flushIntervalMs: 100)
            batch.release()
        }
        for key in 0..<6000 { put(key, 40, &core) }
        commit(&core)
        for key in 10_000..<10_003 { put(key, 8 << 20, &core) }
        commit(&core)
        let isFull = core.isQueueFull
        #expect(isFull, "nobody would wait")
        let (oneWaits, otherWaits, largeWaits) = (
            core.isQueueFull(for: one, adding: 100), core.isQueueFull(for: other, adding: 100),
            core.isQueueFull(for: other, adding: 8 << 20)
        )
        #expect(oneWaits && !otherWaits && largeWaits)
        while core.trimHot(atMost: 1000) {}
        let isOver = core.isQueueFull(for: one, adding: 100)
        #expect(!isOver)
    }

    /// The names count, not only how many there are.
    @Test func functionsAreBoundedInBytes() {
        var limits = StoreLimits()
        limits.functionBytesMax = 1 << 20
        var core = makeCore(limits)
        defer { core.dispose() }
        var counts: [Int] = []
        for nameBytes in [8, 500] {
            var count = 0
            while count < 10_000 {
                let name = String(repeating: "x", count: nameBytes - 6) + "\(100_000 + count)"
                let function = function(&core, name)
                guard let function else { break }
                var change = ProfileChange()
                change.maxsize = .some(1)
                core.define(function, change)
                count += 1
            }
            counts.append(count)
            let bytes = core.functions.bytes
            #expect(bytes < 2 << 20)
            for function in core.functionSlots where core.isFunction(function, of: nil) {
                _ = core.forget(function)
            }
            while core.removeEmptied() {}
        }
        #expect(counts[1] > 500 && counts[1] < counts[0] && counts[0] < 5000, "\(counts)")
    }
}
