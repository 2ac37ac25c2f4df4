import Testing

@testable import MemoStore

struct SharedValuesTests {
    let fixture: ColdFixture

    init() throws { fixture = try ColdFixture() }

    private func entry(_ row: Int64, _ value: [UInt8]) -> TestEntry {
        TestEntry(key: Array("[\(row)]".utf8), value: value)
    }

    private func fill(_ count: Int64, distinct: Int64, bytes: Int) throws -> (
        ColdDatabase, [Int64: TestEntry]
    ) {
        let database = try fixture.open()
        _ = try Loaded(database)
        try database.commit([.function(FunctionRow(id: 1, owner: -1, name: "f"))])
        var entries: [Int64: TestEntry] = [:]
        for row in 1...count {
            entries[row] = entry(row, [UInt8](repeating: UInt8(row % distinct), count: bytes))
        }
        try database.insert(entries)
        return (database, entries)
    }

    @Test func equalValuesTakeAFractionOfTheFile() throws {
        let (shared, entries) = try fill(5000, distinct: 10, bytes: 1000)
        let size = try shared.size().file
        #expect(shared.interning == .init(values: 10, references: 4990, savedBytes: 4_980_000))
        let reader = try shared.makeReader()
        for (row, entry) in entries { #expect(try reader.entry(row) == entry.content) }

        let other = try ColdFixture()
        other.options.interning = false
        let database = try other.open()
        try database.insert(entries)
        #expect(database.interning == .init())
        #expect(try database.size().file > 8 * size)
    }

    @Test func aValueGoesWithItsLastEntry() throws {
        let (database, _) = try fill(3, distinct: 1, bytes: 500)
        #expect(database.interning == .init(values: 1, references: 2, savedBytes: 500))
        try database.commit([.delete(row: 1), .delete(row: 2)])
        #expect(database.interning == .init(values: 1, references: 1, savedBytes: 0))
        #expect(try database.makeReader().entry(3)?.value.count == 500)
        // Out with the last one and in with the next, in one transaction.
        try database.commitAndRelease([
            .delete(row: 3),
            .insert(
                row: 4, function: 1, hash: 0, payload: entry(4, [UInt8](repeating: 0, count: 500)).payload()),
        ])
        #expect(try database.makeReader().entry(4)?.value.count == 500)
        try database.commit([.delete(row: 4)])
        #expect(database.interning == .init())
        try database.insert([5: entry(5, [UInt8](repeating: 0, count: 500))])
        #expect(try database.makeReader().entry(5)?.value.count == 500)
    }

    @Test func figuresSurviveARestartAndAReopening() throws {
        let (database, _) = try fill(100, distinct: 4, bytes: 200)
        let figures = database.interning
        #expect(figures.values == 4)
        try database.reopen()
        #expect(database.interning == figures)
        try database.close()
        let again = try fixture.open()
        _ = try Loaded(again)
        #expect(again.interning == figures)
    }

    @Test func aRepeatedBatchCountsOnce() throws {
        let (database, entries) = try fill(50, distinct: 2, bytes: 100)
        let figures = database.interning
        try database.reopen()
        // As when the commit was said to have failed, and had not.
        try database.insert(entries)
        #expect(database.interning.references <= figures.references + 2)
        let reader = try database.makeReader()
        for (row, entry) in entries { #expect(try reader.entry(row) == entry.content) }
        try database.commit(ContiguousArray((1...50).map { .delete(row: $0) }))
        #expect(database.interning == .init())
    }

    @Test func recentValuesKeepWhatIsMetAgain() {
        var recent = RecentValues()
        recent.remember(7, at: .entry(1))
        recent.remember(7, at: .shared(2))
        // A flood of values met once, all in the same set.
        for number in UInt64(1)...1000 {
            recent.remember(7 + number * UInt64(RecentValues.sets), at: .entry(Int64(number)))
        }
        #expect(recent.find(7) == .shared(2))
        #expect(recent.find(8) == nil)
    }
}
