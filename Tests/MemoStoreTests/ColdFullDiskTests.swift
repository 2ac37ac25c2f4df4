import Foundation
import TestSupport
import Testing

@testable import MemoStore

/// Needs a file system of its own to fill, of 16 to 64 MiB: `MEMOD_TEST_SMALL_DISK` is a directory on it.
@Suite(.serialized) struct ColdFullDiskTests {
    private static let directory = ProcessInfo.processInfo.environment["MEMOD_TEST_SMALL_DISK"]

    @Test(.enabled(if: directory != nil)) func roomIsMadeByDeleting() throws {
        let fixture = try ColdFixture(below: try #require(Self.directory))
        let database = try fixture.open()
        _ = try Loaded(database)
        try database.commit([.function(FunctionRow(id: 1, owner: -1, name: "f"))])
        var random = SeededGenerator(4)
        var model: [Int64: TestEntry] = [:]
        var row: Int64 = 1
        var refusals = 0
        for _ in 0..<600 {
            var batch: [Int64: TestEntry] = [:]
            for _ in 0..<100 {
                batch[row] = TestEntry(key: Array("[\(row)]".utf8), value: random.bytes(1000))
                row += 1
            }
            do {
                try database.insert(batch)
                model.merge(batch) { $1 }
            } catch {
                #expect(error.failure == .full, "\(error)")
                refusals += 1
                // A fifth goes, from all over the file.
                let victims = Array(model.keys.sorted().shuffled(using: &random).prefix(model.count / 5))
                try database.deleteToFreeSpace(victims)
                for row in victims { model[row] = nil }
            }
            do {
                try database.maintain()
            } catch {
                #expect(error.failure == .full, "\(error)")
            }
        }
        #expect(refusals > 0)
        #expect(model.count > 1000)
        let reader = try database.makeReader()
        for (row, entry) in model { #expect(try reader.entry(row) == entry.content) }
        try database.reopen()
        try fixture.crash(database)
        let again = try fixture.open()
        #expect(try Loaded(again).heads.map(\.row) == model.keys.sorted())
    }

    @Test(.enabled(if: directory != nil)) func anotherProgramFillsTheDisk() throws {
        let fixture = try ColdFixture(below: try #require(Self.directory))
        let database = try fixture.open()
        _ = try Loaded(database)
        var random = SeededGenerator(5)
        func batch(_ rows: ClosedRange<Int64>) -> [Int64: TestEntry] {
            Dictionary(
                uniqueKeysWithValues: rows.map {
                    ($0, TestEntry(key: Array("[\($0)]".utf8), value: random.bytes(1000)))
                })
        }
        let first = batch(1...3000)
        try database.insert(first)
        try database.maintain()
        let filler = fixture.directory + "/filler"
        let descriptor = open(filler, O_WRONLY | O_CREAT, 0o600)
        let block = [UInt8](repeating: 1, count: 4096)
        while write(descriptor, block, block.count) > 0 {}
        close(descriptor)

        let error = #expect(throws: ColdError.self) { try database.insert(batch(3001...3500)) }
        #expect(error?.failure == .full)
        try database.deleteToFreeSpace(Array(1...2000))
        let reader = try database.makeReader()
        for (row, entry) in first where row > 2000 { #expect(try reader.entry(row) == entry.content) }
        // What was deleted makes room for a little, the end of the filler for the rest.
        try database.insert(batch(3501...3600))
        try FileManager.default.removeItem(atPath: filler)
        try database.insert(batch(3601...4100))
        #expect(database.restoreBallast())
        #expect(try reader.entry(3550) != nil && reader.entry(4100) != nil)
    }

    @Test(.enabled(if: directory != nil)) func deletedRowsMakeRoom() throws {
        var random = SeededGenerator(6)
        let roomy = try ColdFixture()
        let rows = Int64(1)...10_000
        do {
            let database = try roomy.open()
            _ = try Loaded(database)
            try database.commit([.function(FunctionRow(id: 1, owner: -1, name: "f"))])
            try database.insert(
                Dictionary(
                    uniqueKeysWithValues: rows.map {
                        ($0, TestEntry(key: Array("[\($0)]".utf8), value: random.bytes(800)))
                    }))
            try database.commit(ContiguousArray(rows.map { .delete(row: $0, bytes: 900) }))
            #expect(database.hasTombstones)
            try database.close()
        }
        let fixture = try ColdFixture(below: try #require(Self.directory))
        try fixture.write(roomy.bytes())
        let database = try fixture.open()
        _ = try Loaded(database)
        #expect(database.hasTombstones)
        let filler = fixture.directory + "/filler"
        let descriptor = open(filler, O_WRONLY | O_CREAT, 0o600)
        let block = [UInt8](repeating: 1, count: 4096)
        while write(descriptor, block, block.count) > 0 {}
        close(descriptor)

        let batch = Dictionary(
            uniqueKeysWithValues: (Int64(10_001)...12_000).map {
                ($0, TestEntry(key: [1], value: random.bytes(1000)))
            })
        let error = #expect(throws: ColdError.self) { try database.insert(batch) }
        #expect(error?.failure == .full)
        try database.deleteToFreeSpace([])
        #expect(!database.hasTombstones)
        try database.insert(batch)
        #expect(try Loaded(database).heads.map(\.row) == Array(10_001...12_000))
    }
}
