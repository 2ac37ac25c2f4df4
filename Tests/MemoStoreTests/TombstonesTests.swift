import Foundation
import SQLite
import Testing

@testable import MemoStore

/// Rows that are marked deleted as deleted, and taken out later.
struct TombstonesTests {
    let fixture: ColdFixture

    init() throws { fixture = try ColdFixture() }

    private func entry(_ row: Int64, bytes: Int = 60) -> TestEntry {
        TestEntry(of: row, bytes: bytes)
    }

    private func fill(_ rows: ClosedRange<Int64>) throws -> ColdDatabase {
        let database = try fixture.open()
        _ = try Loaded(database)
        try database.commit([.function(FunctionRow(id: 1, owner: -1, name: "f"))])
        try database.insert(Dictionary(uniqueKeysWithValues: rows.map { ($0, entry($0)) }))
        return database
    }

    private func deletions(_ rows: some Sequence<Int64>, bytes: Int? = 150) -> ContiguousArray<StoreChange> {
        ContiguousArray(rows.map { .delete(row: $0, bytes: bytes) })
    }

    /// Rows that are in the tables, deleted or not, and tombstones.
    private func counts() throws -> (entries: Int64?, contents: Int64?, tombstones: Int64?) {
        let connection = try Connection(path: fixture.path, mode: .readWrite)
        try connection.setCheckpointOnClose(false)
        return (
            try connection.integer("SELECT count(*) FROM entry"),
            try connection.integer("SELECT count(*) FROM content"),
            try connection.integer("SELECT count(*) FROM deleted")
        )
    }

    private let odd = (Int64(1)...1000).filter { $0 % 2 == 1 }
    private let even = (Int64(1)...1000).filter { $0 % 2 == 0 }

    @Test func whatIsNotedIsGoneAndTakenOutAtRest() throws {
        var database = try fill(1...1000)
        try database.commit(deletions(odd))
        #expect(try Loaded(database).heads.map(\.row) == even)
        #expect(try counts() == (1000, 1000, 1), "their pages are not touched")
        try database.reopen()
        #expect(try Loaded(database).heads.map(\.row) == even)

        try fixture.crash(database)
        database = try fixture.open()
        #expect(try Loaded(database).heads.map(\.row) == even)
        try database.close()
        database = try fixture.open()
        let loaded = try Loaded(database)
        #expect(loaded.heads.map(\.row) == even)
        #expect(loaded.load.nextRow == 1001 && loaded.load.garbage.isEmpty && loaded.load.damaged == 0)

        try database.idleWork { false }
        #expect(try counts() == (1000, 1000, 1), "something else is to be done")
        try database.idleWork { true }
        #expect(!database.hasTombstones)
        #expect(try counts() == (500, 500, 0))
        #expect(try Loaded(database).heads.map(\.row) == even)
        do {
            let reader = try database.makeReader()
            for row in even { #expect(try reader.entry(row) == entry(row).content) }
        }

        // And again, with tombstones whose numbers go on.
        try database.commit(deletions(even.prefix(400)))
        try fixture.crash(database)
        database = try fixture.open()
        #expect(try Loaded(database).heads.map(\.row) == Array(even.suffix(100)))
        try database.idleWork { true }
        #expect(try counts() == (100, 100, 0))
    }

    @Test func theLastRowsNumberIsNotGivenOutAgain() throws {
        var database = try fill(1...100)
        try database.commit(deletions(Int64(81)...100))
        try fixture.crash(database)
        database = try fixture.open()
        #expect(try Loaded(database).load.nextRow == 101)
        try database.insert([101: entry(101)])
        try database.idleWork { true }
        #expect(try Loaded(database).heads.map(\.row) == Array(1...80) + [101])
    }

    @Test func fewAreTakenOutAtOnce() throws {
        let database = try fill(1...1000)
        try database.commit(deletions(odd.prefix(ColdOptions.tombstonesLeast - 1)))
        #expect(!database.hasTombstones)
        #expect(try counts() == (985, 985, 0))
    }

    @Test func largeOnesAndThoseOfUnknownSizeAreTakenOutAtOnce() throws {
        let database = try fill(1...1000)
        try database.commit(deletions(odd[..<100], bytes: nil))
        try database.commit(deletions(odd[100..<200], bytes: ColdOptions.tombstoneEntryBytesMax + 1))
        #expect(try counts() == (800, 800, 0))
        try database.commit(
            deletions(odd[200..<300], bytes: ColdOptions.tombstoneEntryBytesMax)
                + deletions(odd[300...], bytes: nil))
        #expect(try counts() == (600, 600, 1))
        #expect(try Loaded(database).heads.map(\.row) == even)
    }

    @Test func whatSharesAValueIsTakenOutAtOnce() throws {
        let database = try fill(1...1000)
        let common = TestEntry(key: [1], value: [UInt8](repeating: 3, count: 500))
        try database.insert(Dictionary(uniqueKeysWithValues: (Int64(1001)...1100).map { ($0, common) }))
        #expect(database.interning == .init(values: 1, references: 99, savedBytes: 98 * 500))
        // The first of them has its own copy.
        try database.commit(deletions(Array(odd) + Array(1001...1100)))
        #expect(database.interning == .init())
        #expect(try counts() == (1000 + 1, 1000 + 1, 1))
        #expect(try Loaded(database).heads.map(\.row) == even)
    }

    @Test func aNewEntryDoesNotShareADeletedOnesValue() throws {
        let database = try fill(1...1000)
        let same = entry(1)
        try database.commitAndRelease(
            deletions(odd) + [.insert(row: 1001, function: 1, hash: 0, payload: same.payload())])
        #expect(database.interning == .init())
        #expect(try database.makeReader().entry(1001) == same.content)
    }

    @Test func manyAreTakenOutBetweenCommits() throws {
        let database = try fill(1...20_000)
        for row in stride(from: Int64(1), to: 16_000, by: 500) {
            try database.commit(deletions(row..<row + 500))
            try database.maintain()
            let rows = try #require(try counts().entries)
            // A sixteenth of the database, or a quarter of a mebibyte, and what one commit adds.
            let noted = rows - (20_000 - row - 499)
            #expect(noted * 150 < 1 << 18 + 500 * 150, "\(noted) at \(row)")
        }
        #expect(try Loaded(database).heads.map(\.row) == Array(16_001...20_000))
    }

    /// As long as others come the work stops after each piece.
    @Test func itStopsForOthersAndGoesOnWhereItWas() throws {
        var database = try fill(1...40_000)
        try database.commit(deletions(Int64(1)...39_000))
        try database.maintain { false }
        let first = try #require(try counts().entries)
        #expect(first < 40_000 && first >= 40_000 - Int64(ColdOptions.takenOutAtOnce))
        // So many pieces that the tombstones of the rest are written anew.
        var pieces = 10
        try database.idleWork {
            pieces -= 1
            return pieces >= 0
        }
        let left = try #require(try counts().entries)
        #expect(left < 40_000 - 16384 && left > 1000)
        try database.commit(deletions(Int64(39_001)...39_500))
        try fixture.crash(database)
        database = try fixture.open()
        #expect(try Loaded(database).heads.map(\.row) == Array(39_501...40_000))
        #expect(try counts().entries == left)
        try database.idleWork { true }
        #expect(try counts() == (500, 500, 0))
        #expect(try Loaded(database).heads.map(\.row) == Array(39_501...40_000))
    }

    /// Others wait for a transaction, however slow the disk is.
    @Test func aTransactionEndsInTime() throws {
        let clocks = fixture.clocks
        let source = ClockSource(
            boottimeMs: {
                clocks.boottimeMs += 10
                return clocks.boottimeMs
            }, wallMs: { clocks.wallMs }, boot: clocks.boot)
        do {
            let database = try fill(1...1000)
            try database.commit(deletions(odd))
            try database.close()
        }
        let database = try ColdDatabase(fixture.options, source: source)
        var asked = 0
        try database.idleWork {
            asked += 1
            return asked == 1
        }
        let left = try #require(try counts().entries)
        #expect(left < 1000 && left > 900, "\(left)")
    }

    @Test func whatIsNotCommittedIsNotDeleted() throws {
        let database = try fill(1...1000)
        try database.commit(deletions(odd[..<100]))
        do {
            let connection = try Connection(path: fixture.path, mode: .readWrite)
            try connection.setCheckpointOnClose(false)
            try connection.execute(
                "CREATE TRIGGER refuse BEFORE INSERT ON uses BEGIN SELECT raise(ABORT, 'no'); END")
        }
        // Some of them anew, some again.
        #expect(throws: ColdError.self) {
            try database.commit(deletions(odd[50..<300]) + [.accesses([2])])
        }
        do {
            let connection = try Connection(path: fixture.path, mode: .readWrite)
            try connection.setCheckpointOnClose(false)
            try connection.execute("DROP TRIGGER refuse")
        }
        let left = (odd[100...] + even).sorted()
        #expect(try Loaded(database).heads.map(\.row) == left)
        try database.idleWork { true }
        #expect(try counts() == (900, 900, 0))
        #expect(try Loaded(database).heads.map(\.row) == left)
        try database.commit(deletions(odd[50..<300]))
        #expect(try Loaded(database).heads.map(\.row) == (odd[300...] + even).sorted())
    }

    /// Without them entries would come back that were overwritten, with their old values.
    @Test(arguments: [
        "UPDATE deleted SET rows = zeroblob(length(rows)) WHERE seq = 2",
        "UPDATE deleted SET rows = substr(rows, 1, 80) WHERE seq = 1",
        "UPDATE deleted SET seq = 4 WHERE seq = 2",
        "DELETE FROM deleted WHERE seq = 1",
        "DELETE FROM deleted WHERE seq = 3",
        "DELETE FROM deleted",
        "INSERT INTO deleted SELECT 4, rows, bytes, checksum FROM deleted WHERE seq = 3",
        "DELETE FROM meta WHERE name = 'notes'",
        "DELETE FROM meta WHERE name = 'notes'; DELETE FROM deleted",
        "DROP TABLE deleted",
    ]) func damagedNotesAreNotBelieved(damage: String) throws {
        do {
            let database = try fill(1...1000)
            for part in [odd[..<100], odd[100..<200], odd[200...]] { try database.commit(deletions(part)) }
            try database.close()
        }
        try fixture.tamper("SELECT 1")
        do {
            let database = try fixture.open()
            #expect(try Loaded(database).heads.map(\.row) == even)
            try database.close()
        }
        try fixture.tamper(damage)
        let database = try fixture.open()
        #expect(database.quarantined != nil)
        #expect(try Loaded(database).heads.isEmpty)
    }

    @Test func aDatabaseFromBeforeTakesNotes() throws {
        do {
            let before = Schema(migrations: Array(Schema.current.migrations.prefix(1)))
            fixture.options.schema = before
            try fixture.write(Data())
            try ColdWriter.create(fixture.path, fixture.options, wallMs: 0, seed: [1, 2])
            fixture.options.schema = .current
        }
        let database = try fill(1...1000)
        #expect(database.quarantined == nil)
        try database.commit(deletions(odd))
        #expect(try Loaded(database).heads.map(\.row) == even)
        #expect(try Loaded(database).load.seed == [1, 2])
    }
}
