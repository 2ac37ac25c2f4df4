import Foundation
import TestSupport
import Testing

@testable import MemoStore

struct ColdRoundTripTests {
    let fixture: ColdFixture

    init() throws { fixture = try ColdFixture() }

    @Test func newDatabaseIsEmptyAndPrivate() throws {
        let database = try fixture.open()
        let loaded = try Loaded(database)
        #expect(loaded.load.nextRow == 1 && loaded.load.nextFunction == 1 && loaded.load.nextTag == 1)
        #expect(loaded.heads.isEmpty && loaded.functions.isEmpty)
        #expect(loaded.load.seed.count == 2)
        #expect(database.quarantined == nil)
        try database.insert([1: TestEntry(key: [1], value: [2])])
        for name in fixture.names {
            let mode = try FileManager.default.attributesOfItem(
                atPath: "\(fixture.directory)/\(name)")[.posixPermissions]
            #expect(mode as? Int == 0o600, "\(name)")
        }
        try database.close()
        #expect(fixture.names == ["memod.db", "memod.db.ballast", "memod.db.commit", "memod.db.lock"])
    }

    /// Random batches against a dictionary, with reopenings and crashes in between.
    @Test(arguments: [true, false]) func agreesWithADictionary(interning: Bool) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed)
        fixture.options.interning = interning
        var database = try fixture.open()
        var model: [Int64: TestEntry] = [:]
        var function = FunctionRow(id: 1, owner: FunctionRow.everyone, name: "f")
        var next = try Loaded(database).load.nextRow
        try database.commit([.function(function), .tag(TagRow(id: 1, owner: -1, name: "t"))])
        let common = (0..<4).map { number in
            (0..<(63 + number)).map { UInt8(truncatingIfNeeded: $0 &* number) }
        }

        for round in 0..<60 {
            var writes: [StoreChange] = []
            var change = model
            // So many deletions that they are marked deleted, and so few that they are made at once.
            let deletions = round % 3 == 0 ? 4 : 2
            for _ in 0..<Int.random(in: 0...80, using: &random) {
                switch Int.random(in: 0..<10, using: &random) {
                case ..<(8 - deletions):
                    var entry = TestEntry(
                        key: random.bytes(upTo: 40),
                        value: Bool.random(using: &random)
                            ? common.randomElement(using: &random)!
                            : random.bytes(upTo: Int.random(in: 0..<50, using: &random) == 0 ? 40000 : 200))
                    entry.hash = random.next()
                    entry.tags = Bool.random(using: &random) ? [] : [1]
                    entry.created = Int64.random(in: 0..<1 << 47, using: &random)
                    if Bool.random(using: &random) {
                        entry.fresh = Int64.random(in: 0...Int64.max, using: &random)
                        entry.expires = Int64.random(in: entry.fresh...Int64.max, using: &random)
                    }
                    entry.cost = UInt32.random(in: 0...UInt32.max, using: &random)
                    entry.uid = UInt32.random(in: 0...UInt32.max, using: &random)
                    change[next] = entry
                    writes.append(
                        .insert(row: next, function: 1, hash: entry.hash, payload: entry.payload()))
                    next += 1
                case (8 - deletions)..<8:
                    guard let row = change.keys.randomElement(using: &random) else { continue }
                    change[row] = nil
                    let bytes = Bool.random(using: &random) ? nil : Int.random(in: 0...2000, using: &random)
                    writes.append(.delete(row: row, bytes: round % 3 == 0 ? 100 : bytes))
                default:
                    guard Int.random(in: 0..<20, using: &random) == 0 else { continue }
                    function.clearedBelow = next
                    change = [:]
                    writes.append(.function(function))
                }
            }
            try database.commitAndRelease(writes)
            model = change

            if Int.random(in: 0..<4, using: &random) == 0 { try database.idleWork { true } }
            if Int.random(in: 0..<4, using: &random) == 0 {
                try database.writing { writer throws(ColdError) in while try writer.compact() != nil {} }
            }
            switch Int.random(in: 0..<4, using: &random) {
            case 0: try database.close()
            case 1: try fixture.crash(database)
            case 2:
                try database.reopen()
                try compare(database, model, seed, round)
                continue
            default:
                try database.maintain()
                try compare(database, model, seed, round)
                continue
            }
            database = try fixture.open()
            let loaded = try Loaded(database)
            #expect(loaded.load.damaged == 0, "seed \(seed) round \(round)")
            #expect(loaded.load.nextRow == next, "seed \(seed) round \(round)")
            #expect(loaded.functions == [function])
            #expect(loaded.heads.map(\.row) == model.keys.sorted(), "seed \(seed) round \(round)")
            for head in loaded.heads {
                let entry = model[head.row]!
                #expect(
                    head
                        == EntryHead(
                            row: head.row, function: 1, hash: entry.hash, expires: entry.expires,
                            keyBytes: entry.key.count, valueBytes: entry.value.count, tags: entry.tags),
                    "seed \(seed) round \(round)")
            }
            try compare(database, model, seed, round)
            try database.commit(ContiguousArray(loaded.load.garbage.map { .delete(row: $0) }))
        }
        let all = try Loaded(database)
        try database.commit(
            ContiguousArray((all.heads.map(\.row) + all.load.garbage).map { .delete(row: $0) }))
        #expect(database.interning == InterningFigures(), "seed \(seed)")
    }

    @Test(arguments: [true, false]) func whatIsInTheFileIsReadPastSQLite(interning: Bool) throws {
        fixture.options.interning = interning
        var entries: [Int64: TestEntry] = [:]
        for row in Int64(1)...2000 {
            var entry = TestEntry(
                key: Array("\(row)".utf8), value: Array(repeating: UInt8(row % 5), count: Int(row % 5) * 100))
            entry.tags = row % 7 == 0 ? [3, 4] : []
            if row % 3 == 0 { (entry.fresh, entry.expires, entry.cost) = (row, row + 5, 7) }
            entries[row] = entry
        }
        var database = try fixture.open()
        try database.insert(entries)
        do {
            let reader = try database.makeReader()
            #expect(reader.readPages(row: 1) == nil, "it is in the log alone")
            #expect(try reader.entry(1) == entries[1]?.content)
        }
        try database.close()
        database = try fixture.open()
        let reader = try database.makeReader()
        for row in (Int64(1)...2000).shuffled() {
            let payload = try #require(reader.readPages(row: row))
            defer { payload.release() }
            #expect(TestEntry(payload) == entries[row]?.content)
        }
        // What is deleted in the log is still in the file, and no one asks for it; what is new there is not yet.
        try database.insert([2001: TestEntry(key: [1], value: [2])])
        #expect(reader.readPages(row: 2001) == nil)
        #expect(try reader.entry(2001) == TestEntry(key: [1], value: [2]))
    }

    /// If no one knows whether a commit was the last that took effect, it is made again.
    @Test func whatARepeatedBatchDeletesStaysDeleted() throws {
        let entry = TestEntry(key: [1], value: [2])
        func insert(_ row: Int64) -> StoreChange {
            .insert(row: row, function: 1, hash: entry.hash, payload: entry.payload())
        }
        let database = try fixture.open()
        let function = FunctionRow(id: 1, owner: FunctionRow.everyone, name: "f")
        try database.commitAndRelease([.function(function), insert(1), insert(2)])
        for _ in 1...2 {
            try database.commitAndRelease([
                .delete(row: 1), insert(2), .delete(row: 2), insert(3), insert(4), .delete(row: 4),
            ])
            #expect(try Loaded(database).heads.map(\.row) == [3])
            let reader = try database.makeReader()
            #expect(try (1...4).map { try reader.entry($0) } == [nil, nil, entry, nil])
        }
    }

    /// Tags that come and go faster than batches are written cost the disk nothing, and their numbers are not given again.
    @Test func whatComesAndGoesInOneBatchIsNotWritten() throws {
        var database = try fixture.open()
        func function(_ id: FunctionID) -> FunctionRow {
            FunctionRow(id: id, owner: FunctionRow.everyone, name: "f\(id.rawValue)")
        }
        func tag(_ id: TagID) -> TagRow {
            TagRow(id: id, owner: FunctionRow.everyone, name: "t\(id.rawValue)")
        }
        try database.commitAndRelease([.function(function(1)), .tag(tag(1))])
        let numbers = UInt32(100)..<10_000
        let passing =
            numbers.flatMap { [.function(function(FunctionID($0))), .tag(tag(TagID($0)))] }
            + numbers.flatMap { [StoreChange.forgetTag(TagID($0)), .forget(function: FunctionID($0))] }
        let before = try database.size().file
        for isRepeated in [false, true] {
            try database.commitAndRelease(
                [.tag(tag(2)), .forgetTag(1)] + passing + [.function(function(2)), .forget(function: 1)]
                    + (isRepeated ? [] : [.forgetTag(3), .tag(tag(3))]))
            if !isRepeated {
                let grown = try database.size().file - before
                #expect(grown < 100_000, "by \(grown) bytes")
            }
            let loaded = try Loaded(database)
            #expect(loaded.functions.map(\.id) == [2])
            #expect(loaded.tags.map(\.id) == [2, 3])
        }
        try database.close()
        database = try fixture.open()
        #expect(database.writer?.next == MetaTable.NextNumbers(row: 1, function: 10_000, tag: 10_000))
    }

    @Test func aShorterLogIsMovedAtRest() throws {
        let database = try fixture.open()
        let reader = try database.makeReader()
        for row in Int64(1)...2 {
            try database.insert([row: TestEntry(key: [1], value: Array(repeating: 1, count: 3 << 20))])
            let fileBytes = try fixture.bytes().count
            try database.maintain()
            #expect(try fixture.bytes().count == fileBytes)
            try database.idleWork { false }
            #expect(try fixture.bytes().count >= fileBytes + 3 << 20)
            #expect(try reader.entry(row)?.value.count == 3 << 20)
        }
        try database.insert([3: TestEntry(key: [1], value: [1])])
        try database.idleWork { false }
        #expect(reader.readPages(row: 3) == nil, "it is not worth it")
    }

    @Test func freePagesAreGivenBackAtRest() throws {
        let database = try fixture.open()
        try database.insert(
            Dictionary(
                uniqueKeysWithValues: (Int64(1)...40).map {
                    ($0, TestEntry(key: [1], value: Array(repeating: UInt8($0), count: 1 << 20)))
                }))
        try database.idleWork { true }
        let full = try fixture.bytes().count
        try database.commit(ContiguousArray((Int64(1)...39).map { .delete(row: $0) }))
        var turns = 0
        try database.idleWork {
            turns += 1
            return turns <= 2
        }
        let less = try fixture.bytes().count
        #expect(less < full && less > full / 2)
        try database.idleWork { true }
        #expect(try fixture.bytes().count < 12 << 20)
        #expect(try database.makeReader().entry(40)?.value.count == 1 << 20)
    }

    private func compare(
        _ database: ColdDatabase, _ model: [Int64: TestEntry], _ seed: UInt64, _ round: Int
    ) throws {
        let reader = try database.makeReader()
        for (row, entry) in model {
            #expect(try reader.entry(row) == entry.content, "seed \(seed) round \(round) row \(row)")
        }
    }
}
