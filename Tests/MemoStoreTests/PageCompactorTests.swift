import Foundation
import TestSupport
import Testing

@testable import MemoStore

/// Rows that lie in half-empty pages, and are brought together when idle.
struct PageCompactorTests {
    let fixture: ColdFixture

    init() throws { fixture = try ColdFixture() }

    private static let rows: ClosedRange<Int64> = 1...40_000

    private func entry(_ row: Int64) -> TestEntry {
        // Some are larger than what is compacted, some than a page.
        let bytes = row % 5000 == 0 ? 20_000 : row % 500 == 0 ? 2000 : 100
        return TestEntry(of: row, bytes: bytes)
    }

    private func size(of rows: some Sequence<Int64>) -> Int {
        rows.reduce(0) { size, row in
            let entry = entry(row)
            return size + ColdSize.bytes(key: entry.key.count, value: entry.value.count)
        }
    }

    /// A database from which most rows were deleted at random, and what is left.
    private func sparse(seed: UInt64) throws -> (ColdDatabase, [Int64]) {
        let database = try fixture.open()
        _ = try Loaded(database)
        try database.commit([.function(FunctionRow(id: 1, owner: -1, name: "f"))])
        try database.insert(Dictionary(uniqueKeysWithValues: Self.rows.map { ($0, entry($0)) }))
        var random = SeededGenerator(seed)
        let deleted = Self.rows.filter { _ in Int.random(in: 0..<100, using: &random) < 50 }
        try database.commit(ContiguousArray(deleted.map { .delete(row: $0, bytes: 150) }))
        try database.idleWork { true }
        return (database, Set(Self.rows).subtracting(deleted).sorted())
    }

    private func expectAll(_ database: ColdDatabase, _ rows: [Int64]) throws {
        #expect(try Loaded(database).heads.map(\.row) == rows)
        let reader = try database.makeReader()
        for row in rows where row % 7 == 0 || row % 50 == 0 {
            #expect(try reader.entry(row) == entry(row).content, "row \(row)")
        }
    }

    @Test func theFileIsHardlyLargerThanItsEntries() throws {
        let (database, rows) = try sparse(seed: 1)
        let live = Int64(size(of: rows))
        try #require(try fixture.bytes().count > live * 3 / 2)
        let reader = try database.makeReader()
        // It learns where rows lie, and is to find them elsewhere.
        for row in rows.prefix(1000) { _ = try reader.entry(row) }
        try database.idleWork(live: live) { true }
        #expect(try fixture.bytes().count < live * 5 / 4)
        for row in rows.prefix(1000) {
            #expect(try reader.entry(row) == entry(row).content, "row \(row)")
        }
        try expectAll(database, rows)
        // Nothing is left to do, and nothing is written.
        let bytes = try fixture.bytes()
        try database.idleWork(live: live) { true }
        #expect(!database.compaction.isUnderWay)
        #expect(database.logFrames == 0)
        #expect(try fixture.bytes() == bytes)
    }

    @Test func itGoesOnWhereItWasInterrupted() throws {
        let (database, rows) = try sparse(seed: 2)
        let live = Int64(size(of: rows))
        var (rests, left) = (0, 0)
        repeat {
            left = 3
            rests += 1
            try database.idleWork(live: live) {
                left -= 1
                return left >= 0
            }
        } while database.compaction.isUnderWay && rests < 100
        #expect((3..<100).contains(rests))
        try database.idleWork { true }
        #expect(try fixture.bytes().count < live * 5 / 4)
        try expectAll(database, rows)
    }

    @Test func aCrashLosesNothing() throws {
        let (database, rows) = try sparse(seed: 3)
        var left = 5
        try database.idleWork(live: Int64(size(of: rows))) {
            left -= 1
            return left >= 0
        }
        #expect(database.compaction.isUnderWay)
        try fixture.crash(database)
        try expectAll(try fixture.open(), rows)
    }

    @Test func whatIsFullIsLeftAsItIs() throws {
        let database = try fixture.open()
        _ = try Loaded(database)
        try database.insert(Dictionary(uniqueKeysWithValues: Self.rows.map { ($0, entry($0)) }))
        try database.idleWork { true }
        let bytes = try fixture.bytes()
        // As if much less were in it.
        try database.idleWork(live: 1 << 20) { true }
        #expect(try fixture.bytes() == bytes)
        #expect(database.logFrames == 0)
        #expect(database.compaction.reached[.idle] ?? 0 > 5 << 20)
    }

    @Test func beyondItsBudgetItIsPackedBetweenCommits() throws {
        let budget: Int64 = 5 << 20
        let (database, rows) = try sparse(seed: 4)
        let before = try fixture.bytes()
        try database.compact(budget: budget) { false }
        #expect(try fixture.bytes() == before, "somebody waits for the next commit")
        try database.compact(budget: budget) { true }
        let (file, _, free) = try database.size()
        #expect(file - free <= budget * 9 / 8 + 1 << 20)
        try expectAll(database, rows)
    }

    @Test func aBudgetThatCannotBeKeptIsTriedOnce() throws {
        let (database, rows) = try sparse(seed: 5)
        for pass in 1... {
            var runs = 0
            try database.compact(budget: 1 << 20) {
                runs += 1
                return true
            }
            // The first passes free something.
            if runs == 1 { break }
            try #require(pass < 5)
        }
        try expectAll(database, rows)
    }
}
