import Testing

@testable import MemoStore

/// What is done to very many entries in pieces, with requests in between.
@Suite struct PieceworkTests {
    private static func makeCore(pieces: Int) -> StoreCore {
        var limits = StoreLimits()
        limits.entriesMax = 1 << 16
        limits.reclaimEntries = pieces
        limits.tagsMax = 2
        var core = StoreCore(
            hotBytes: 1 << 24, coldBytes: 1 << 30, limits: limits, random: RandomSource(seed: 1))!
        core.now = 1_000_000
        return core
    }

    /// One function and what it should have, keys in the order of their last use.
    private final class Run {
        var core: StoreCore
        let function: FunctionSlot
        var random: RandomSource
        var order: [Int] = []

        init(seed: UInt64, pieces: Int) {
            var core = makeCore(pieces: pieces)
            function = Array("f".utf8).withUnsafeBytes { core.internFunction(owner: -1, name: $0)! }
            self.core = core
            random = RandomSource(seed: seed)
        }

        deinit { core.dispose() }

        var isResizing: Bool { core.isResizing(function) }
        var currsize: Int { core.info(function).currsize }
        var leaseCount: Int { core.leases.count }

        func tag(_ name: String) -> [TagID] { core.internTags(owner: -1, names: [name]) ?? [] }

        func put(_ key: Int, tags: [TagID] = []) {
            Array("\(key)".utf8).withUnsafeBytes { key in
                var request = PutRequest(key: key, hash: core.hash(function, key), value: key, uid: 0)
                request.tags = tags
                let outcome = core.put(function, request, loadedRows: [])
                #expect(outcome == .stored)
            }
            order.removeAll { $0 == key }
            order.append(key)
        }

        /// - Returns: whether it is there, which is a use.
        @discardableResult
        func get(_ key: Int, lease: LeaseRequest? = nil) -> Bool {
            let isHit = Array("\(key)".utf8).withUnsafeBytes { key in
                let hash = core.hash(function, key)
                if case .hit = core.get(function, key, hash: hash, loadedRows: [], lease: lease, early: nil) {
                    return true
                }
                return false
            }
            if isHit {
                order.removeAll { $0 == key }
                order.append(key)
            }
            return isHit
        }

        func delete(_ key: Int) {
            Array("\(key)".utf8).withUnsafeBytes {
                _ = core.delete(function, $0, hash: core.hash(function, $0), loadedRows: [])
            }
            order.removeAll { $0 == key }
        }

        func define(maxsize: Int64?) {
            var change = ProfileChange()
            change.maxsize = .some(maxsize)
            core.define(function, change)
        }

        /// What others do meanwhile.
        func interfere() {
            for _ in 0..<random.below(8) {
                let key = random.below(4) == 0 ? 1000 + random.below(50) : random.below(300)
                switch random.below(8) {
                case 0..<5: get(key)
                case 5..<7: put(key)
                default: delete(key)
                }
            }
            core.check()
        }

        /// What the maintenance thread does, piece by piece.
        func resize() {
            while let resizeJob = core.nextResizeJob() {
                if !resizeJob.isInOrder {
                    var entries: [StoreCore.UsedSlot] = []
                    let slots = core.entries.slotCount
                    for slot in stride(from: 0, to: slots, by: 16) {
                        core.gather(slot..<min(slot + 16, slots), of: resizeJob, in: &entries)
                        interfere()
                    }
                    entries.sort { $0.used > $1.used }
                    for start in stride(from: 0, to: entries.count, by: 16) {
                        core.relink(entries[start..<min(start + 16, entries.count)], of: resizeJob)
                        interfere()
                    }
                }
                interfere()
                while core.trim(resizeJob) {}
            }
        }
    }

    @Test(arguments: 1...30) func aFirstBoundLeavesTheLastUsedWhateverIsUsedMeanwhile(seed: UInt64) {
        let run = Run(seed: seed, pieces: 7)
        for key in 0..<300 { run.put(key) }
        for _ in 0..<200 { run.get(run.random.below(300)) }
        run.define(maxsize: 100)
        #expect(run.isResizing)
        run.resize()
        #expect(!run.isResizing)
        run.core.check()
        let kept = run.order.suffix(100)
        #expect(run.currsize == kept.count, "seed \(seed)")
        for key in Set(run.order) where !kept.contains(key) { #expect(!run.get(key), "seed \(seed)") }
        for key in kept { #expect(run.get(key), "seed \(seed), key \(key)") }
    }

    @Test func aBoundThatIsTakenBackEvictsNothing() throws {
        let run = Run(seed: 1, pieces: 7)
        for key in 0..<300 { run.put(key) }
        run.define(maxsize: 100)
        let first = run.core.nextResizeJob()
        let resizeJob = try #require(first)
        var entries: [StoreCore.UsedSlot] = []
        run.core.gather(0..<300, of: resizeJob, in: &entries)
        run.define(maxsize: nil)
        run.core.waitForResize(5)
        let next = run.core.nextResizeJob()
        #expect(next == nil)
        let wakes = run.core.takeWakeups().wakes
        #expect(wakes == [5])
        // The first one's order is of no use to a later bound.
        run.get(7)
        run.define(maxsize: 99)
        run.core.relink(entries[...], of: resizeJob)
        let isMore = run.core.trim(resizeJob)
        #expect(!isMore)
        #expect(run.currsize == 300)
        #expect(run.isResizing)
        run.core.finishResizes()
        run.core.check()
        #expect(run.currsize == 99)
        #expect(run.get(7))
    }

    @Test(arguments: 1...20) func aClearedTagTakesNothingThatWasPutSince(seed: UInt64) {
        let run = Run(seed: seed, pieces: 5)
        let tags = run.tag("t")
        for key in 0..<300 { run.put(key, tags: key % 3 == 0 ? [] : tags) }
        var lease = LeaseRequest(connection: 9, uid: 0, leaseMs: 1000, mayWait: false, isLimited: false)
        var counts = run.core.clear(tags: tags, for: 3)
        #expect(counts == nil)
        let waiting = run.core.piecework.tagClears.waiters
        #expect(waiting == [3])
        // All are gone at once, whenever it is their turn to be taken out.
        for key in 0..<300 where key % 3 != 0 { #expect(!run.get(key)) }
        var again: Set<Int> = []
        var leased: Set<Int> = []
        while counts == nil {
            let key = run.random.below(300)
            if key % 3 != 0, !again.contains(key) {
                // A lease of the time after the clear lasts.
                lease.connection = ConnectionID(lease.connection.rawValue + 1)
                #expect(!run.get(key, lease: lease))
                leased.insert(key)
                if run.random.below(2) == 0 {
                    run.put(key, tags: run.random.below(2) == 0 ? tags : [])
                    again.insert(key)
                    leased.remove(key)
                }
            }
            // A tag that no entry bears is not forgotten as long as one of before is there.
            for other in 0..<8 { _ = run.tag("other \(other)") }
            run.core.check()
            _ = run.core.takeOutCleared()
            counts = run.core.takeCleared(3)
        }
        #expect(counts == [run.function: 200])
        for key in 0..<300 { #expect(run.get(key) == (key % 3 == 0 || again.contains(key))) }
        #expect(run.currsize == 100 + again.count)
        #expect(run.leaseCount == leased.count)
    }

    @Test func leasesOfWhatIsClearedEnd() {
        let run = Run(seed: 1, pieces: 2)
        let tags = run.tag("t")
        for key in 0..<100 { run.put(key, tags: tags) }
        let key = Array("99".utf8)
        let hash = key.withUnsafeBytes { run.core.hash(run.function, $0) }
        let request = LeaseRequest(connection: 9, uid: 0, leaseMs: 1000, mayWait: false, isLimited: false)
        let isGranted = key.withUnsafeBytes {
            let lease = LeaseTable.Key(function: run.function, hash: hash, key: $0)
            if case .granted = run.core.leases.acquire(lease, request, now: run.core.now) { return true }
            return false
        }
        #expect(isGranted)
        let counts = run.core.clear(tags: tags, for: 3)
        #expect(counts == nil)
        #expect(run.leaseCount == 0)
        // No one waits for the count.
        run.core.connectionClosed(3)
        while run.core.takeOutCleared() {}
        let left = run.core.piecework.tagClears.waiters.count
        #expect(left == 0)
        #expect(run.currsize == 0)
    }

    @Test func whatAnEarlierRunDidNotGetToIsDoneAfterAStart() {
        let disk = SimulatedDisk()
        let run = Run(seed: 1, pieces: 1000)
        for key in 0..<300 { run.put(key) }
        disk.commit(&run.core)
        var row = run.core.info(run.function).row
        row.maxsize = 20
        disk.functions[row.id] = row
        var limits = StoreLimits()
        limits.entriesMax = 1 << 16
        var core = disk.restart(
            hotBytes: 1 << 20, coldBytes: 1 << 30, now: 1_000_000, random: 2, limits: limits)
        core.resizeLoaded()
        core.check()
        let currsize = core.info(run.function).currsize
        #expect(currsize == 20)
        core.dispose()
    }
}

extension StoreCore {
    /// What the maintenance thread does, at once.
    mutating func finishResizes() {
        while let resizeJob = nextResizeJob() {
            if !resizeJob.isInOrder {
                var entries: [UsedSlot] = []
                gather(0..<self.entries.slotCount, of: resizeJob, in: &entries)
                entries.sort { $0.used > $1.used }
                relink(entries[...], of: resizeJob)
            }
            while trim(resizeJob) {}
        }
    }
}
