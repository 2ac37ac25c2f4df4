import Foundation
import Testing

@testable import MemoStore

/// A database is taken up in the state in which it was left, or not at all.
struct ColdStateTests {
    private let fixture: ColdFixture

    init() throws { fixture = try ColdFixture() }

    private static let files = ["", "-wal", ".commit"]

    /// Commits rows 1 to `through`, each by itself, and deletes the one before.
    private func commit(_ database: ColdDatabase, _ rows: ClosedRange<Int64>) throws {
        for row in rows {
            try database.insert([row: TestEntry(of: row, bytes: 300)])
            if row > 1 { try database.commit([.delete(row: row - 1)]) }
        }
    }

    private func files(_ names: [String] = files) throws -> [String: Data] {
        Dictionary(uniqueKeysWithValues: try names.map { ($0, try fixture.bytes($0)) })
    }

    private func put(_ files: [String: Data]) throws {
        for (suffix, data) in files { try fixture.write(data, suffix) }
        try? FileManager.default.removeItem(atPath: fixture.path + "-shm")
    }

    private func rows(_ database: ColdDatabase) throws -> [Int64] {
        let loaded = try Loaded(database)
        return loaded.heads.map(\.row).filter { !loaded.load.garbage.contains($0) }
    }

    /// Two states of one run: the older one's files, and the newer one's.
    private func history(checkpoint: Bool = false) throws -> (old: [String: Data], new: [String: Data]) {
        let database = try fixture.open()
        _ = try Loaded(database)
        try database.commit([.function(FunctionRow(id: 1, owner: -1, name: "f"))])
        try commit(database, 1...5)
        let old = try files()
        if checkpoint {
            _ = try database.writing { writer throws(ColdError) in try database.checkpoint(writer) }
        }
        try commit(database, 6...9)
        let new = try files()
        try database.close()
        return (old, new)
    }

    @Test func whatWasLeftIsTakenUp() throws {
        try put(history().new)
        let database = try fixture.open()
        #expect(database.quarantined == nil && database.remarks.isEmpty)
        #expect(try rows(database) == [9])
    }

    @Test(arguments: [false, true]) func anOlderLogIsNoticed(checkpoint: Bool) throws {
        let (old, new) = try history(checkpoint: checkpoint)
        try put(new.merging(["-wal": old["-wal"]!]) { $1 })
        let database = try fixture.open()
        #expect(database.quarantined?.reason.contains("not as it was left") ?? false)
        #expect(try rows(database) == [])
    }

    @Test func anOlderDatabaseAndItsLogAreNoticed() throws {
        let (old, new) = try history()
        try put([".commit": new[".commit"]!, "": old[""]!, "-wal": old["-wal"]!])
        #expect(try fixture.open().quarantined != nil)
    }

    @Test func aCutOrRemovedLogIsNoticed() throws {
        let (_, new) = try history()
        for log in [Data(), new["-wal"]!.prefix(new["-wal"]!.count * 2 / 3)] {
            try put(new.merging(["-wal": log]) { $1 })
            let database = try fixture.open()
            #expect(database.quarantined != nil)
            #expect(try rows(database) == [])
            try database.close()
        }
    }

    /// After another boot a prefix is what a power loss leaves, as far back as the last sync.
    @Test func aPowerLossLeavesAPrefix() throws {
        let (old, new) = try history()
        fixture.clocks.boot = "boot-2"
        try put(new.merging(["-wal": old["-wal"]!]) { $1 })
        var database = try fixture.open()
        #expect(database.quarantined == nil)
        #expect(database.remarks.contains { $0.contains("the newest 8 commits") }, "\(database.remarks)")
        #expect(try rows(database) == [5])
        // And it goes on from there: within this boot it is held to what it has now.
        try commit(database, 20...21)
        try fixture.crash(database)
        database = try fixture.open()
        #expect(database.quarantined == nil && database.remarks.isEmpty)
        #expect(try rows(database) == [5, 21])
    }

    @Test func belowTheLastSyncNothingMayBeMissingAfterAPowerLossEither() throws {
        fixture.options.durability = .full
        let (old, new) = try history()
        fixture.clocks.boot = "boot-2"
        try put(new.merging(["-wal": old["-wal"]!]) { $1 })
        #expect(try fixture.open().quarantined != nil)
    }

    @Test func aBackupThatIsPutInPlaceIsTakenUp() throws {
        let database = try fixture.open()
        _ = try Loaded(database)
        try database.commit([.function(FunctionRow(id: 1, owner: -1, name: "f"))])
        try commit(database, 1...3)
        try database.backup(to: fixture.directory + "/backup")
        try commit(database, 4...9)
        try database.close()
        try FileManager.default.removeItem(atPath: fixture.path)
        try FileManager.default.moveItem(atPath: fixture.directory + "/backup", toPath: fixture.path)
        let restored = try fixture.open()
        #expect(restored.quarantined == nil)
        #expect(restored.remarks.contains { $0.contains("another database") }, "\(restored.remarks)")
        #expect(try rows(restored) == [3])
    }

    /// Whatever is rolled back while it runs, reopening finds out.
    @Test func reopeningFindsWhatAFailedSyncTookBack() throws {
        let database = try fixture.open()
        _ = try Loaded(database)
        try commit(database, 1...5)
        let log = try fixture.bytes("-wal")
        try commit(database, 6...9)
        try log.write(to: URL(fileURLWithPath: fixture.path + "-wal"), options: [])
        let error = #expect(throws: ColdError.self) { try database.reopen() }
        #expect(error?.failure == .corrupt)
    }

    @Test(arguments: [1, 2, 3, 8, 20, 31]) func aFlippedBitOfTheVersionIsPutRight(bit: Int) throws {
        try put(history().new)
        try fixture.open().close()
        var data = try fixture.bytes()
        let version = Schema.current.migrations.count ^ 1 << bit
        if version == Schema.current.migrations.count + 1 { return }
        for byte in 0..<4 { data[60 + byte] = UInt8(truncatingIfNeeded: version >> (8 * (3 - byte))) }
        try fixture.write(data)
        let database = try fixture.open()
        #expect(database.quarantined == nil)
        #expect(database.remarks.contains { $0.contains("put right") }, "\(database.remarks)")
        #expect(try rows(database) == [9])
        try database.close()
        #expect(try fixture.open().remarks.isEmpty)
    }

    /// The offset of the clock is known from the start on, though nothing is committed.
    @Test func theClockOfABootIsSavedAtItsStart() throws {
        try fixture.open().close()
        fixture.clocks.boot = "boot-2"
        fixture.clocks.boottimeMs = 5
        var database = try fixture.open()
        let now = database.clock.now()
        try database.saveClock()
        try fixture.crash(database)
        fixture.clocks.wallMs += 365 * 24 * 3_600_000
        fixture.clocks.boottimeMs += 1000
        database = try fixture.open()
        #expect(database.clock.now() == now + 1000)
    }
}
