import Testing

@testable import MemoStore

/// History against a dictionary of minutes, with a clock that jumps and restarts in between.
@Suite struct HistoryTests {
    /// The bytes of a name, which are never freed.
    private func bytes(_ name: StaticString) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
    }

    struct Database {
        var rows: [String: HistoryRow] = [:]

        mutating func apply(_ changes: (rows: [HistoryRow], forgotten: [Int64])) {
            for subject in changes.forgotten { rows = rows.filter { $0.value.subject != subject } }
            for row in changes.rows {
                rows["\(row.subject) \(row.level) \(row.start)"] = row.bytes == nil ? nil : row
            }
        }

        func load(wallMs: Int64) -> HistoryTable {
            var table = HistoryTable(functionsMax: 4, ownersMax: 2)
            for row in rows.values {
                let isLoaded = table.load(row)
                #expect(isLoaded)
            }
            table.finishLoad(wallMs: wallMs)
            table.check()
            return table
        }
    }

    @Test(arguments: 1...30) func agreesWithADictionaryOfMinutes(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var table = HistoryTable(functionsMax: 4, ownersMax: 2)
        var database = Database()
        var model: [Int64: HistoryCounters] = [:]
        var counters = HistoryCounters()
        var wallMs: Int64 = 1_700_000_000_000
        for _ in 0..<400 {
            switch random.below(12) {
            case 0: wallMs -= Int64(random.below(20)) * 60_000  // The clock is set back.
            case 1: wallMs += Int64(random.below(120)) * 60_000
            case 2:
                database.apply(table.takeChanges())
                table = database.load(wallMs: wallMs)
                let counted = table.counted(.all)
                #expect(counted == nil || counted == counters)
            case 3: database.apply(table.takeChanges())
            default: wallMs += Int64(random.below(40_000))
            }
            var added = HistoryCounters(
                hits: Int64(random.below(5)), misses: Int64(random.below(5)),
                savedMs: Int64(random.below(500)), evictions: Int64(random.below(2)))
            if random.below(3) == 0 { added = HistoryCounters() }
            counters.add(added)
            table.note(
                .all, added: added, counted: counters, HistoryGauges(entries: 7, hotBytes: 8, coldBytes: 9),
                wallMs: wallMs)
            if !added.isZero { model[wallMs.floored(to: 60_000), default: HistoryCounters()].add(added) }
            table.check()
        }
        // Two days of minutes, as far as they go.
        let newest = model.keys.max()!
        let reading = table.read(.all, spanMs: 2 * 86_400_000, points: 2880, wallMs: newest)
        #expect(reading.stepMs == 60_000)
        #expect(reading.points.count == 2880)
        for (index, point) in reading.points.enumerated() {
            let at = reading.start + Int64(index) * 60_000
            #expect(point.counters == model[at] ?? HistoryCounters(), "seed \(seed), minute \(at)")
        }
        // Nothing is lost or doubled when steps are joined.
        for (span, points) in [(86_400_000, 120), (7 * 86_400_000, 120), (400 * 86_400_000, 2000)] {
            let reading = table.read(.all, spanMs: Int64(span), points: points, wallMs: newest)
            var sum = HistoryCounters()
            for point in reading.points { sum.add(point.counters) }
            var expected = HistoryCounters()
            for (at, added) in model where at >= reading.start { expected.add(added) }
            #expect(sum == expected, "seed \(seed), \(span) ms")
            #expect(reading.points.count <= points)
        }
    }

    @Test func whatACrashKeptOfTheCountersIsCountedOnce() {
        let disk = SimulatedDisk()
        var core = disk.restart(hotBytes: 1 << 20, coldBytes: 1 << 20, now: 60_000, random: 1)
        let function = core.internFunction(owner: -1, name: bytes("f"))!
        func count(_ hits: Int64) {
            core.report(function, hits: hits, savedMs: 0)
            core.flushCounters()
        }
        count(10)
        core.flushHistory()
        disk.commit(&core)
        // In the same minute: the counters reach the disk, the history does not, and it is killed.
        count(15)
        core.flushHistory()
        disk.commit(&core)
        core.dispose()
        core = disk.restart(hotBytes: 1 << 20, coldBytes: 1 << 20, now: 150_000, random: 1)
        count(5)
        let found = core.function(owner: -1, name: bytes("f"))!
        for reading in [
            core.readHistory(functions: [found], spanMs: 600_000, points: 10),
            core.readHistory(owner: nil, spanMs: 600_000, points: 10),
        ] {
            #expect(reading.points.map(\.counters.hits).reduce(0, +) == 30)
            #expect(reading.points.last?.counters.hits == 20)
        }
        core.dispose()
    }

    @Test func countersThatAreSetBackAreNotCountedTwice() {
        let disk = SimulatedDisk()
        var core = disk.restart(hotBytes: 1 << 20, coldBytes: 1 << 20, now: 60_000, random: 1)
        let function = core.internFunction(owner: -1, name: bytes("f"))!
        core.report(function, hits: 10, savedMs: 7)
        _ = core.clear(function: function, resettingCounters: true)
        core.report(function, hits: 3, savedMs: 0)
        let reading = core.readHistory(functions: [function], spanMs: 60_000, points: 1)
        #expect(reading.points[0].counters == HistoryCounters(hits: 13, savedMs: 7))
        core.dispose()
    }

    @Test func theBusiestFunctionsAreKept() {
        var table = HistoryTable(functionsMax: 4, ownersMax: 2)
        func note(_ id: FunctionID, _ hits: Int64, _ wallMs: Int64) {
            let added = HistoryCounters(hits: hits)
            table.note(.function(id), added: added, counted: added, HistoryGauges(), wallMs: wallMs)
        }
        func hits(_ id: FunctionID, _ wallMs: Int64) -> Int64 {
            let reading = table.read(.function(id), spanMs: 86_400_000, points: 48, wallMs: wallMs)
            return reading.points.reduce(0) { $0 + $1.counters.hits }
        }
        for id in UInt32(1)...4 { note(FunctionID(id), Int64(id) * 100, 0) }
        note(9, 1, 0)
        #expect(hits(9, 0) == 0)
        // Two hours later the first is idle enough to go.
        let later: Int64 = 2 * 3_600_000
        note(9, 5, later)
        #expect(hits(9, later) == 5)
        #expect(hits(1, later) == 0)
        #expect(hits(2, later) == 200)
        let forgotten = table.takeChanges().forgotten
        #expect(forgotten == [1])
        table.check()
    }

    @Test func aYearOfAHundredFunctionsFits() {
        var table = HistoryTable(functionsMax: 128, ownersMax: 2)
        var random = RandomSource(seed: 3)
        let functions = 5
        // Minutes of the last three days, before them one moment in each hour: older minutes are gone by then.
        let end: Int64 = 1_700_000_000_000
        var wallMs = end - 365 * 86_400_000
        while wallMs < end {
            for id in 1...functions {
                table.note(
                    .function(FunctionID(UInt32(id))),
                    added: HistoryCounters(
                        hits: Int64(random.below(100_000)), misses: Int64(random.below(1000)),
                        savedMs: Int64(random.below(1_000_000)), evictions: Int64(random.below(100))),
                    counted: HistoryCounters(),
                    HistoryGauges(
                        entries: Int64(random.below(1000)), hotBytes: Int64(random.below(1 << 20)),
                        coldBytes: Int64(random.below(1 << 20))), wallMs: wallMs)
            }
            wallMs += end - wallMs < 3 * 86_400_000 ? 60_000 : 3_600_000
        }
        let bytes = table.bytes * 100 / functions
        #expect(bytes < 14 << 20, "\(bytes) bytes")
        table.check()
    }

    @Test(arguments: 1...20) func damagedBlocksAreNoBlocks(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var block = HistoryBlock(start: 0, level: .hours)
        for step in 0..<24 where random.below(2) == 0 {
            var point = HistoryPoint()
            point.counters.hits = Int64(random.below(1 << 30))
            point.gauges.hotBytes = Int64(random.below(1 << 30))
            block.add(point, step: step)
        }
        let bytes = block.encoded
        #expect(HistoryBlock(start: 0, level: .hours, encoded: bytes) == block)
        #expect(HistoryBlock(start: 1, level: .hours, encoded: bytes) == nil)
        for _ in 0..<200 {
            var damaged = bytes
            if !damaged.isEmpty { damaged[random.below(damaged.count)] = UInt8(random.below(256)) }
            if random.below(2) == 0 { damaged.append(UInt8(random.below(256))) }
            // Whatever it is read as, it does not trap.
            _ = HistoryBlock(start: 0, level: .hours, encoded: damaged)
        }
    }
}
