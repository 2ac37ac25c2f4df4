import TestSupport
import Testing

@testable import MemoStore

/// Single rules of the state, each with the least that shows it.
@Suite struct StoreCoreTests {
    private func makeCore(hotBytes: Int = 1 << 20, tags: Int = 100) -> StoreCore {
        var limits = StoreLimits()
        limits.entriesMax = 1 << 16
        limits.tagsMax = tags
        limits.tagsPerOwnerMax = 4
        limits.functionsPerOwnerMax = 4
        var core = StoreCore(
            hotBytes: hotBytes, coldBytes: 1 << 30, limits: limits, random: RandomSource(seed: 1))!
        core.now = 1_000_000
        return core
    }

    /// Has the next commit fail: what is put then stays in memory.
    private func failTheDisk(_ core: inout StoreCore) {
        let batch = core.takeBatch()
        _ = core.pipeline.failed(batch, ColdError(.io, "broken"))
    }

    private func function(_ core: inout StoreCore, _ name: String) -> FunctionSlot {
        Array(name.utf8).withUnsafeBytes { core.internFunction(owner: -1, name: $0)! }
    }

    @discardableResult
    private func put(
        _ core: inout StoreCore, _ function: FunctionSlot, _ key: Int, bytes: Int = 10, tags: [TagID] = []
    ) -> PutOutcome {
        Array("\(key)".utf8).withUnsafeBytes { key in
            [UInt8](repeating: 0x31, count: bytes).withUnsafeBytes { value in
                var request = PutRequest(key: key, hash: core.hash(function, key), value: value, uid: 0)
                request.tags = tags
                return core.put(function, request, loadedRows: [])
            }
        }
    }

    private func define(_ core: inout StoreCore, _ function: FunctionSlot, maxsize: Int64?) {
        var change = ProfileChange()
        change.maxsize = .some(maxsize)
        core.define(function, change)
    }

    private func remove(_ core: inout StoreCore, _ function: FunctionSlot, _ key: Int) -> Bool {
        Array("\(key)".utf8).withUnsafeBytes { key in
            core.delete(function, key, hash: core.hash(function, key), loadedRows: []).deleted
        }
    }

    private func isHit(_ core: inout StoreCore, _ function: FunctionSlot, _ key: Int) -> Bool {
        Array("\(key)".utf8).withUnsafeBytes { key in
            let outcome = core.get(
                function, key, hash: core.hash(function, key), loadedRows: [], lease: nil, early: nil)
            if case .hit = outcome { return true }
            return false
        }
    }

    /// Whatever the order in which they became known, and however large the pages are.
    @Test func functionsComeByNameAndOwner() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed)
        for _ in 0..<40 {
            var core = makeCore()
            defer { core.dispose() }
            var all: [(name: String, owner: Int64)] = []
            for _ in 0..<Int.random(in: 0...60, using: &random) {
                let name = String(
                    (0..<Int.random(in: 1...3, using: &random)).map { _ in
                        "ab\u{e9}~".randomElement(using: &random)!
                    })
                let owner = Int64.random(in: -1...20, using: &random)
                // With more of them others would be forgotten.
                guard owner < 0 || all.count(where: { $0.owner == owner }) < 4,
                    !all.contains(where: { $0 == (name, owner) }),
                    let function = Array(name.utf8).withUnsafeBytes({
                        core.internFunction(owner: owner, name: $0)
                    })
                else { continue }
                core.report(function, hits: 1, savedMs: 0)
                all.append((name, owner))
            }
            all.sort { (Array($0.name.utf8), $0.owner) < (Array($1.name.utf8), $1.owner) }
            let visible = all.filter { $0.owner % 3 != 0 }
            var found: [(name: String, owner: Int64)] = []
            while true {
                let (page, hasMore) = core.functions(
                    after: found.last.map { ($0.name, $0.owner) },
                    limit: Int.random(in: 1...8, using: &random)
                ) { $0.row.owner % 3 != 0 }
                found += page.map { ($0.row.name, $0.row.owner) }
                #expect(hasMore == (found.count < visible.count), "seed \(seed)")
                if !hasMore { break }
            }
            #expect(found.elementsEqual(visible, by: ==), "seed \(seed)")
            for name in Set(all.map(\.name)) {
                let next = all.first { Array(name.utf8) < Array($0.name.utf8) }
                let page = core.functions(after: (name, nil), limit: 1) { _ in true }.page
                #expect(page.first?.row.name == next?.name, "seed \(seed)")
            }
        }
    }

    @Test func tagsGoWithTheLastEntryThatBearsThem() {
        var core = makeCore()
        defer { core.dispose() }
        let f = function(&core, "f")
        put(&core, f, 1, tags: core.internTags(owner: -1, names: ["a", "b"])!)
        put(&core, f, 2, tags: core.internTags(owner: -1, names: ["b", "c"])!)
        #expect(core.tags.count == 3)
        let bytes = core.tags.bytes
        // What it bore before is what it bears: nothing is forgotten in between.
        put(&core, f, 1, tags: core.internTags(owner: -1, names: ["a", "b"])!)
        #expect(core.tags.count == 3 && core.tags.bytes == bytes)
        put(&core, f, 1, tags: core.internTags(owner: -1, names: ["d"])!)
        #expect(Set(core.tags.rows.map(\.name)) == ["b", "c", "d"])
        #expect(remove(&core, f, 2))
        _ = core.clear(function: f, resettingCounters: false)
        #expect(core.tags.count > 0)
        while core.sweep() {}
        #expect(core.tags.count == 0 && core.tags.bytes == 0)
        core.check()
    }

    @Test func whereThereAreTooManyTagsEntriesGoAndNoPutIsRefused() {
        var core = makeCore(tags: 3)
        defer { core.dispose() }
        let f = function(&core, "f")
        for key in 1...3 { put(&core, f, key, tags: core.internTags(owner: -1, names: ["\(key)"])!) }
        // One of them makes room for the new one, and never the one that is about to be borne.
        let tags = core.internTags(owner: -1, names: ["2", "new"])!
        put(&core, f, 4, tags: tags)
        #expect(core.tags.count == 3)
        #expect(isHit(&core, f, 2) && isHit(&core, f, 4))
        #expect([1, 3].count { isHit(&core, f, $0) } == 1)
        #expect(core.clear(tags: core.tags(owner: -1, name: "2"), for: 1) == [f: 2])
        core.check()
    }

    @Test func oneOwnersTagsLeaveOthersTheirs() {
        var core = makeCore()
        defer { core.dispose() }
        let (f, g) = (function(&core, "f"), function(&core, "g"))
        for tag in 1...4 { put(&core, g, tag, tags: core.internTags(owner: 8, names: ["\(tag)"])!) }
        for tag in 1...40 {
            guard let tags = core.internTags(owner: 7, names: ["\(tag)", "\(tag + 1)"]) else {
                Issue.record("no room at \(tag)")
                return
            }
            put(&core, f, tag, tags: tags)
            #expect(isHit(&core, f, tag))
            #expect(core.tags.rows.count { $0.owner == 7 } <= 4)
        }
        for tag in 1...4 { #expect(isHit(&core, g, tag)) }
        core.check()
    }

    @Test func memoryOfTagsKeepsToItsBudget() {
        var limits = StoreLimits()
        limits.entriesMax = 1 << 16
        limits.tagBytesMax = 1 << 20
        var core = StoreCore(
            hotBytes: 1 << 26, coldBytes: 1 << 30, limits: limits, random: RandomSource(seed: 1))!
        core.now = 1_000_000
        defer { core.dispose() }
        let f = function(&core, "f")
        let names = (0..<16).map { "tag \($0)" }
        for key in 0..<20_000 {
            guard let tags = core.internTags(owner: -1, names: names) else {
                Issue.record("no room at \(key)")
                return
            }
            #expect(put(&core, f, key, tags: tags) == .stored)
            #expect(core.tags.bytes <= limits.tagBytesMax)
            // What is used again and again stays.
            if key % 10 == 0 { #expect(isHit(&core, f, 0)) }
        }
        #expect(core.tags.count == 16)
        // 16 memberships each.
        #expect(core.info(f).currsize > 3000 && core.info(f).currsize < 3300)
        let gone = Array("1".utf8).withUnsafeBytes { core.why(f, $0, hash: core.hash(f, $0), loadedRows: []) }
        guard case .gone(let ghost, _) = gone else {
            Issue.record("it is \(gone)")
            return
        }
        #expect(ghost.removal == .evicted && ghost.cause == .tags)
        core.check()
    }

    @Test func tagsOfEntriesThatWentMakeRoomForOthers() {
        var core = makeCore(tags: 1000)
        defer { core.dispose() }
        let f = function(&core, "f")
        define(&core, f, maxsize: 990)
        for key in 0..<20_000 {
            guard let tags = core.internTags(owner: -1, names: ["\(key)"]) else {
                Issue.record("no room at \(key)")
                return
            }
            put(&core, f, key, tags: tags)
        }
        #expect(core.tags.count <= 1000)
        #expect(core.tags(owner: -1, name: "19999").count == 1)
        #expect(core.info(f).currsize == 990)
    }

    @Test func oneOwnersFunctionsLeaveOthersTheirs() {
        var core = makeCore()
        defer { core.dispose() }
        func intern(_ name: String, _ owner: Int64) -> FunctionSlot? {
            Array(name.utf8).withUnsafeBytes { core.internFunction(owner: owner, name: $0) }
        }
        let used = (1...4).compactMap { intern("\($0)", 7) }
        for function in used { put(&core, function, 1) }
        #expect(intern("5", 7) == nil)
        #expect(intern("4", 7) == used[3])
        for owner: Int64 in [8, -1] { #expect(intern("5", owner) != nil) }
        for function in used[1...] { _ = core.clear(function: function, resettingCounters: true) }
        #expect(intern("5", 7) == nil)
    }

    @Test func theCaretakerIsToldOfALeaseThatWasHandedOver() {
        var core = makeCore()
        defer { core.dispose() }
        let f = function(&core, "f")
        func ask(_ connection: ConnectionID, _ leaseMs: Int64) -> GetOutcome {
            Array("1".utf8).withUnsafeBytes { key in
                core.get(
                    f, key, hash: core.hash(f, key), loadedRows: [],
                    lease: LeaseRequest(connection: connection, uid: 0, leaseMs: leaseMs, mayWait: true),
                    early: nil)
            }
        }
        guard case .miss(let token?) = ask(1, 60_000), case .wait = ask(2, 20), case .wait = ask(3, 60_000)
        else {
            Issue.record("the lease is not given to the first alone")
            return
        }
        core.wakeups.maintenancePauses(until: core.now + 500)
        _ = core.takeWakeups()
        Array("1".utf8).withUnsafeBytes { key in
            _ = core.release(f, key, hash: core.hash(f, key), token: token, uid: 0)
        }
        let wakeups = core.takeWakeups()
        #expect(wakeups.wakes == [2])
        #expect(wakeups.maintenance)
        #expect(core.wakeups.maintenanceDue == core.now + 20)
    }

    @Test func clearedEntriesThatNoDiskTookLeaveMemory() {
        var core = makeCore()
        defer { core.dispose() }
        let f = function(&core, "f")
        let g = function(&core, "g")
        failTheDisk(&core)
        for round in 0..<3 {
            for key in 0..<2000 {
                put(&core, key % 3 == 0 ? g : f, round * 10_000 + key, bytes: 1000)
                #expect(core.hot.bytes <= core.hot.limit + 4096)
            }
            core.check()
            _ = core.clear(function: f, resettingCounters: false)
        }
        while core.sweep() {}
        core.check()
        #expect(!core.hot.slots.contains { core.entries[$0].function == f })
    }

    @Test func whatWaitedForTheDiskKeepsItsTagsAndItsOrder() {
        var core = makeCore()
        defer { core.dispose() }
        let f = function(&core, "f")
        let tag = core.internTags(owner: -1, names: ["t"])!
        failTheDisk(&core)
        for key in 1...4 { put(&core, f, key, tags: key < 4 ? tag : []) }
        #expect(isHit(&core, f, 1))
        let isRecovered = core.committed(core.takeBatch(), tookMs: 1, flushIntervalMs: 100)
        #expect(isRecovered && core.pipeline.unpersisted.isEmpty)
        core.check()
        let rows = core.hot.slots.sorted { core.entries[$0].used < core.entries[$1].used }
            .map { core.entries[$0].row }
        #expect(rows == rows.sorted())
        core.tags.check()
        let cleared = core.clear(tags: tag, for: 1)
        #expect(cleared == [f: 3])
        #expect(isHit(&core, f, 4))
    }

    @Test func anEmptyStoreHasNothingToEvict() {
        var core = makeCore()
        defer { core.dispose() }
        var (goal, rows): (Int, [Int64]) = (core.spaceWanted, [])
        let isMore = core.evictForSpace(&goal, &rows)
        #expect(!isMore && rows.isEmpty)
    }

    @Test func whatIsTooMuchForTheDiskAtOnceIsTriedInParts() {
        var core = makeCore()
        defer { core.dispose() }
        let f = function(&core, "f")
        for key in 0..<100 { put(&core, f, key) }
        let all = core.sequence
        var sizes: [Int] = []
        var batch = core.takeBatch()
        let rows = { (batch: CommitPipeline.Batch) in
            batch.writes.compactMap { write -> Int64? in
                if case .insert(let row, _, _, _) = write { row } else { nil }
            }
        }
        let expected = rows(batch)
        // Room for 30 changes at a time.
        var committed: [Int64] = []
        for _ in 0..<50 {
            sizes.append(batch.writes.count)
            if batch.writes.count > 30 {
                _ = core.pipeline.failed(batch, ColdError(.full, "full"))
                #expect(core.degraded != nil)
            } else {
                committed += rows(batch)
                let last = committed.last ?? 0
                let sequence = batch.sequence
                #expect(batch.row >= last && batch.row < (expected.first { $0 > last } ?? .max))
                _ = core.committed(batch, tookMs: 1, flushIntervalMs: 100)
                #expect(core.committedSequence == sequence)
            }
            guard core.pipeline.due(flushIntervalMs: 100, isClosing: true, now: core.now) != nil else {
                break
            }
            batch = core.takeBatch()
        }
        #expect(committed == expected)
        #expect(core.committedSequence == all)
        #expect(core.degraded == nil)
        #expect(sizes.prefix(3) == [101, 50, 25], "\(sizes)")
    }

    @Test func theOrderOfAllIsKeptWhereNoSnapshotWillBe() {
        for isClearing in [true, false] {
            var core = makeCore()
            let f = function(&core, "f")
            let g = function(&core, "g")
            for key in 1...3 { put(&core, f, key) }
            put(&core, g, 1)
            #expect(isHit(&core, f, 1))
            if isClearing { _ = core.clear(function: g, resettingCounters: false) }
            core.finish()
            let order = core.pipeline.queue.writes.compactMap { write -> [Int64]? in
                if case .recency(let rows) = write { rows } else { nil }
            }
            // The first was used last; a snapshot says so in the other case.
            #expect(order.count == 1)
            #expect(Array(order[0].suffix(3)) == (isClearing ? [2, 3, 1] : []))
            core.dispose()
        }
    }

    /// Or it would be told that all is well, without anything having been committed.
    @Test func whoWaitsAfterAFailureWaitsForTheNextCommit() {
        var core = makeCore()
        let f = function(&core, "f")
        put(&core, f, 1)
        let batch = core.takeBatch()
        let failed = core.pipeline.failed(batch, ColdError(.io, "broken")).sequence
        let waiting = [core.needCommit(), core.needCommit()]
        #expect(waiting == [failed + 1, failed + 1], "one change is enough for all")
        _ = core.committed(core.takeBatch(), tookMs: 1, flushIntervalMs: 100)
        #expect(core.committedSequence == failed)
        _ = core.committed(core.takeBatch(), tookMs: 1, flushIntervalMs: 100)
        let last = core.needCommit()
        #expect(last == failed + 1 && core.committedSequence == last)
        core.dispose()
    }

    @Test func theOrderIsKeptWhereAFunctionGetsABound() {
        var core = makeCore()
        let f = function(&core, "f")
        define(&core, f, maxsize: 3)
        // There is nothing to be kept in order.
        var wanted = [core.wantsOrder()]
        define(&core, f, maxsize: nil)
        for key in 1...3 { put(&core, f, key) }
        #expect(isHit(&core, f, 1))
        _ = core.takeJournal()
        define(&core, f, maxsize: 3)
        for _ in 0..<2 { wanted.append(core.wantsOrder()) }
        #expect(wanted == [false, true, false])
        #expect(core.order() == [2, 3, 1])
        core.dispose()
    }

    /// Others use entries between the pieces in which a journal is gathered.
    @Test func usesWhileAJournalIsGatheredKeepTheirOrder() {
        var core = makeCore()
        let f = function(&core, "f")
        define(&core, f, maxsize: 10)
        for key in 1...4 { put(&core, f, key) }
        var replayed: [Int64] = []
        func gather(_ meanwhile: (inout StoreCore) -> Void) {
            let (slots, through) = core.takeJournal()
            var uses: [AccessJournal.Record] = []
            core.note(slots.prefix(2), through: through, in: &uses)
            meanwhile(&core)
            core.note(slots.dropFirst(2), through: through, in: &uses)
            for row in uses.rowsInOrder {
                replayed.removeAll { $0 == row }
                replayed.append(row)
            }
        }
        gather { core in for key in [1, 4, 2, 3] { #expect(isHit(&core, f, key)) } }
        gather { _ in }
        #expect(replayed == core.order { _ in true })
        let left = core.takeJournal().slots
        #expect(left.isEmpty)
        core.dispose()
    }

    @Test(arguments: [true, false]) func aRowThatIsFoundDamagedAfterAClearGoesOnce(_ isTicket: Bool) {
        var core = makeCore()
        let f = function(&core, "f")
        for key in 1...3 { put(&core, f, key) }
        _ = core.clear(function: f, resettingCounters: false)
        put(&core, f, 4)
        if isTicket {
            core.dropDamaged(RowReference(slot: 1, row: 2))
        } else {
            core.dropDamaged(rows: [1, 2, 3], in: 0..<Slot(core.entries.slotCount))
        }
        core.check()
        while core.sweep() {}
        core.check()
        #expect(core.info(f).currsize == 1)
        core.dropDamaged(rows: [3, 4], in: 0..<3)
        #expect(core.info(f).currsize == 1, "another part of the directory")
        core.dropDamaged(rows: [3, 4], in: 0..<Slot(core.entries.slotCount))
        core.check()
        #expect(core.info(f).currsize == 0)
        core.dispose()
    }

    /// What was put and deleted while the disk took nothing leaves no trace in the database: its row comes again.
    @Test func aSnapshotHasNoMembersOfTagsThatAreGone() throws {
        let fixture = try ColdFixture()
        var core = makeCore()
        let f = function(&core, "f")
        let tag = core.internTags(owner: -1, names: ["t"])!
        let batch = core.takeBatch()
        _ = core.pipeline.failed(batch, ColdError(.io, "broken"))
        put(&core, f, 1, tags: tag)
        #expect(remove(&core, f, 1))
        _ = core.committed(core.takeBatch(), tookMs: 1, flushIntervalMs: 100)
        let functions = [core.info(f).row]
        let tags = core.tags.rows
        let path = fixture.directory + "/index"
        let context = SnapshotContext(stamp: (1, 2), figures: .init(), journalRows: 0)
        let isWritten = core.writeSnapshot(to: path, context)
        core.dispose()

        var next = makeCore()
        for row in functions { next.load(row) }
        for row in tags { next.load(row) }
        let isRead = next.readSnapshot(from: path, stamp: (1, 2)) != nil
        #expect(isWritten && isRead)
        _ = next.finishLoad(seed: (1, 2), totals: Totals(), nextRow: 1, garbage: [])
        put(&next, f, 2)
        let cleared = next.clear(tags: tag, for: 1)
        #expect(cleared == [:])
        #expect(isHit(&next, f, 2))
        next.dispose()
    }
}

private func < (one: ([UInt8], Int64), other: ([UInt8], Int64)) -> Bool {
    one.0 == other.0 ? one.1 < other.1 : one.0.lexicographicallyPrecedes(other.0)
}

private func < (one: [UInt8], other: [UInt8]) -> Bool { one.lexicographicallyPrecedes(other) }
