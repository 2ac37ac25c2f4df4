import Foundation
import SQLite
import TestSupport
import Testing

@testable import MemoStore

/// Damaged files: noticed, never believed.
struct ColdFaultTests {
    let fixture: ColdFixture
    let entries: [Int64: TestEntry]
    /// Further ones, in half-empty pages.
    let sparse: [Int64: TestEntry]

    init() throws {
        fixture = try ColdFixture()
        var random = SeededGenerator(42)
        let common = random.bytes(300)
        var entries: [Int64: TestEntry] = [:]
        for row in Int64(1)...200 {
            var entry = TestEntry(
                key: Array("[\(row)]".utf8), value: row % 5 == 0 ? common : random.bytes(upTo: 300))
            entry.value += row % 50 == 0 ? [UInt8](repeating: 7, count: 30000) : []
            entry.hash = random.next()
            entry.tags = row % 7 == 0 ? [1] : []
            entries[row] = entry
        }
        self.entries = entries
        var sparse: [Int64: TestEntry] = [:]
        for row in stride(from: Int64(302), through: 900, by: 2) {
            sparse[row] = TestEntry(key: Array("[\(row)]".utf8), value: random.bytes(100))
        }
        self.sparse = sparse
    }

    private func fill(_ database: ColdDatabase) throws {
        _ = try Loaded(database)
        try database.commit([
            .function(FunctionRow(id: 1, owner: -1, name: "f")), .tag(TagRow(id: 1, owner: -1, name: "t")),
        ])
        try database.insert(entries.filter { $0.key <= 100 })
        try database.insert(entries.filter { $0.key > 100 })
        try database.commit([.accesses([3, 1, 2])])
    }

    private func fill() throws {
        let database = try fixture.open()
        try fill(database)
        let between = sparse.map { ($0.key - 1, TestEntry(key: [0], value: $0.value.value + [1])) }
        try database.insert(sparse.merging(between) { $1 })
        try database.commit(ContiguousArray(between.map { .delete(row: $0.0) }))
        // Some are deleted, and their rows are still there: they must not come back.
        let deleted = Int64(201)...260
        try database.insert(
            Dictionary(uniqueKeysWithValues: deleted.map { ($0, TestEntry(key: [1], value: [2])) }))
        try database.commit(ContiguousArray(deleted.map { .delete(row: $0, bytes: 100) }))
        #expect(database.hasTombstones)
        try database.close()
    }

    /// Opens, loads and reads everything as the store would, and checks that nothing wrong is served.
    /// - Returns: how many entries were found.
    private func survey(_ comment: Comment) throws -> (found: Int, quarantined: Bool) {
        let database = try fixture.open()
        var quarantined = database.quarantined != nil
        var loaded: Loaded
        do {
            loaded = try Loaded(database)
        } catch {
            #expect(error.failure == .corrupt, comment)
            try database.startEmpty()
            quarantined = true
            loaded = try Loaded(database)
        }
        // Packing comes to an end, and whatever it made of the damage is not believed either.
        do {
            try database.writing { writer throws(ColdError) in while try writer.compact() != nil {} }
        } catch {
            #expect(error.failure == .corrupt, comment)
        }
        let entries = entries.merging(sparse) { $1 }
        for head in loaded.heads {
            let entry = try #require(entries[head.row], comment)
            #expect(head.hash == entry.hash && head.function == entry.function, comment)
            #expect(head.expires == entry.expires && head.tags == entry.tags, comment)
        }
        #expect(loaded.functions.allSatisfy { $0 == FunctionRow(id: 1, owner: -1, name: "f") }, comment)
        #expect(loaded.tags.allSatisfy { $0 == TagRow(id: 1, owner: -1, name: "t") }, comment)
        let reader = try database.makeReader()
        var found = 0
        for row in entries.keys {
            do {
                guard case .found(let payload) = try reader.read(row: row) else { continue }
                defer { payload.release() }
                #expect(TestEntry(payload) == entries[row]?.content, comment)
                found += 1
            } catch {
                #expect(error.failure == .corrupt, comment)
            }
        }
        // The scrub comes to an end, with a verdict or without.
        do {
            let scrub = try database.makeScrub()
            while try !scrub.step(rows: 50).isLast {}
        } catch {
            #expect(error.failure == .corrupt, comment)
        }
        _ = try? database.close()
        return (found, quarantined)
    }

    private func isQuarantinedAndEmpty(_ comment: Comment) throws {
        let result = try survey(comment)
        #expect(result.quarantined && result.found == 0, comment)
        #expect(!fixture.names(containing: ".corrupt-").isEmpty, comment)
        // And from then on it is an ordinary database.
        let again = try survey(comment)
        #expect(!again.quarantined, comment)
    }

    @Test func soundDatabaseStays() throws {
        try fill()
        let result = try survey("sound")
        #expect(result.found == entries.count + sparse.count && !result.quarantined)
        #expect(fixture.names(containing: ".corrupt-").isEmpty)
    }

    @Test func emptiedDatabase() throws {
        try fill()
        try fixture.write(Data())
        try isQuarantinedAndEmpty("emptied")
    }

    @Test(arguments: [1, 50, 99, 100, 4096, 8192, 8193, 40000]) func truncatedDatabase(bytes: Int) throws {
        try fill()
        try fixture.write(fixture.bytes().prefix(bytes))
        try isQuarantinedAndEmpty("cut to \(bytes)")
    }

    @Test(arguments: [0..<16, 0..<100, 0..<8192, 0..<1 << 20]) func zeroedDatabase(range: Range<Int>) throws {
        try fill()
        var data = try fixture.bytes()
        let range = range.clamped(to: 0..<data.count)
        data.replaceSubrange(range, with: Data(count: range.count))
        try fixture.write(data)
        try isQuarantinedAndEmpty("zeroed \(range)")
    }

    @Test func garbageInPlaceOfTheDatabase() throws {
        try fill()
        var random = SeededGenerator(1)
        try fixture.write(Data(random.bytes(100_000)))
        try isQuarantinedAndEmpty("garbage")
    }

    /// Every page but the first zeroed in turn: the rest is served or the whole is given up, nothing between.
    @Test func zeroedPages() throws {
        try fill()
        let sound = try fixture.bytes()
        for page in 1..<sound.count / 8192 {
            var data = sound
            data.replaceSubrange(page * 8192..<(page + 1) * 8192, with: Data(count: 8192))
            try fixture.write(data)
            _ = try survey("page \(page) zeroed")
        }
    }

    @Test func flippedBitsInTheDatabase() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed)
        try fill()
        let sound = try fixture.bytes()
        for number in 0..<150 {
            var data = sound
            // The header's fields beside those that decide whose database it is.
            let offset =
                number < 30
                ? Int.random(in: 0..<8192, using: &random) : Int.random(in: 0..<sound.count, using: &random)
            if (60..<72).contains(offset) { continue }
            data[offset] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            try fixture.write(data)
            do {
                _ = try survey("seed \(seed) flip at \(offset)")
            } catch let error as ColdError where error.failure == .newer {
                // A flip in the record of migrations cannot be told from another memod's.
                try? FileManager.default.removeItem(atPath: fixture.path)
            }
            for part in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: fixture.path + part) }
        }
    }

    @Test func flippedBitsInTheLog() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed)
        let database = try fixture.open()
        try fill(database)
        let (main, log) = (try fixture.bytes(), try fixture.bytes("-wal"))
        let witness = try fixture.bytes(".commit")
        try database.close()
        for number in 0..<80 {
            var data = log
            switch number {
            case 0: data = Data()
            case 1: data = data.prefix(data.count / 2)
            case 2: data = Data(count: data.count)
            default:
                let offset = Int.random(in: 0..<(number < 20 ? 4096 : data.count), using: &random)
                data[offset] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            try fixture.write(main)
            try fixture.write(data, "-wal")
            try fixture.write(witness, ".commit")
            try? FileManager.default.removeItem(atPath: fixture.path + "-shm")
            let result = try survey("seed \(seed) log \(number)")
            // A prefix of the commits is not what was left: within one boot it is damage.
            #expect(result.found == (result.quarantined ? 0 : 200), "seed \(seed) log \(number): \(result)")
        }
    }

    @Test func truncatedUnderItsLog() throws {
        let database = try fixture.open()
        try fill(database)
        try database.reopen()
        try database.commit([.accesses([4])])
        let (main, log) = (try fixture.bytes(), try fixture.bytes("-wal"))
        try database.close()
        try fixture.write(main.prefix(main.count / 2))
        try fixture.write(log, "-wal")
        try isQuarantinedAndEmpty("truncated under its log")
    }

    @Test func logWithoutItsDatabase() throws {
        let database = try fixture.open()
        try fill(database)
        let log = try fixture.bytes("-wal")
        try database.close()
        try FileManager.default.removeItem(atPath: fixture.path)
        try fixture.write(log, "-wal")
        let result = try survey("log alone")
        #expect(result.found == 0)
    }

    @Test func flippedValueIsDamagedAndTheScrubFindsIt() throws {
        try fill()
        let victim = try #require(
            entries.keys.sorted().first { $0 % 5 != 0 && entries[$0]!.value.count > 100 })
        var data = try fixture.bytes()
        let range = try #require(data.range(of: Data(entries[victim]!.value)))
        data[range.lowerBound + 5] ^= 4
        try fixture.write(data)
        let database = try fixture.open()
        _ = try Loaded(database)
        do {
            let reader = try database.makeReader()
            guard case .damaged = try reader.read(row: victim) else {
                Issue.record("the flip was not noticed")
                return
            }
            #expect(try reader.entry(100) == entries[100]?.content)
            let scrub = try database.makeScrub()
            var damaged: [Int64] = []
            var rows = 0
            while true {
                let slice = try scrub.step(rows: 37)
                damaged += slice.damaged
                rows += slice.rows
                if slice.isLast { break }
            }
            #expect(damaged == [victim])
            #expect(rows == entries.count + sparse.count + 60, "deleted ones too, while they are there")
        }
        try database.commit([.delete(row: victim)])
        #expect(try database.makeReader().entry(victim) == nil)
    }

    /// A pointer of the tree's root leads to its first leaf once more.
    @Test func aPageThatIsThereTwice() throws {
        try fill()
        let root: Int
        do {
            let connection = try Connection(path: fixture.path, mode: .readWrite)
            root = Int(
                try #require(
                    try connection.integer("SELECT rootpage FROM sqlite_schema WHERE name = 'entry'")))
        }
        var data = try fixture.bytes()
        let start = data.startIndex + (root - 1) * 8192
        try #require(data[start] == 5, "an inner page")
        func cell(_ number: Int) -> Int {
            start + (Int(data[start + 12 + 2 * number]) << 8 | Int(data[start + 13 + 2 * number]))
        }
        let first = data[cell(0)..<cell(0) + 4]
        // In the place of the last leaf, to which the next commit would write: that is not taken up.
        var edge = data
        edge.replaceSubrange(start + 8..<start + 12, with: first)
        try fixture.write(edge)
        #expect(try fixture.open().quarantined != nil)
        // In the place of the second one.
        data.replaceSubrange(cell(1)..<cell(1) + 4, with: first)
        try fixture.write(data)
        let database = try fixture.open()
        let loaded = try Loaded(database)
        #expect(loaded.load.damaged > 0 && !loaded.heads.isEmpty)
        #expect(loaded.heads.map(\.row) == Array(Set(loaded.heads.map(\.row))).sorted())
        // Rows may be found by walking and not by their numbers: none is compacted that would be lost.
        try database.writing { writer throws(ColdError) in while try writer.compact() != nil {} }
        #expect(try Loaded(database).heads == loaded.heads)
        let scrub = try database.makeScrub()
        let error = #expect(throws: ColdError.self) { while try !scrub.step(rows: 7).isLast {} }
        #expect(error?.failure == .corrupt)
    }

    /// Several losses within a second have names of their own; the one that has most in it stays, and the newest.
    @Test func theFullestAndTheNewestOfTheDamagedStay() throws {
        try fill()
        for (stamp, bytes) in [
            ("20200101T000000Z", 10), ("20200101T000000Z-wal", 10_000), ("20210101T000000Z-2", 9),
            ("mine", 1),
        ] {
            try fixture.write(Data(count: bytes), ".corrupt-" + stamp)
        }
        let database = try fixture.open()
        var sizes: [Int] = []
        for loss in 1...4 {
            try database.insert([
                Int64(1000 + loss): TestEntry(key: [1], value: [UInt8](repeating: 7, count: 5000 * loss))
            ])
            let moved = try #require(try database.startEmpty())
            #expect(moved.wholeMatch(of: /.*\.corrupt-\d{8}T\d{6}Z-\d+/) != nil)
            sizes.append(
                try fixture.names(containing: ".corrupt-").filter {
                    $0.hasPrefix((moved as NSString).lastPathComponent)
                }
                .map { try Data(contentsOf: URL(fileURLWithPath: "\(fixture.directory)/\($0)")).count }
                .reduce(0, +))
            let kept = Set(fixture.names(containing: ".corrupt-").map { $0.replacing("-wal", with: "") })
            #expect(kept.count == 3 && kept.contains("memod.db.corrupt-mine"), "\(kept)")
            #expect(kept.contains((moved as NSString).lastPathComponent), "\(kept)")
        }
        // The first one had the entries; those after it were nearly empty.
        let left = fixture.names(containing: ".corrupt-").map {
            (try? Data(contentsOf: URL(fileURLWithPath: "\(fixture.directory)/\($0)")).count) ?? 0
        }
        #expect(left.reduce(0, +) >= sizes[0], "\(sizes) \(left)")
        #expect(Quarantine.deleteAllButFullest(database.path))
        #expect(!Quarantine.deleteAllButFullest(database.path))
        #expect(Set(fixture.names(containing: ".corrupt-").map { $0.replacing("-wal", with: "") }).count == 2)
    }

    @Test func noticesRemoval() throws {
        let database = try fixture.open()
        #expect(database.findLoss() == nil)
        try FileManager.default.removeItem(atPath: fixture.path)
        #expect(database.findLoss() == .corrupt)
        try fixture.write(Data([1]))
        #expect(database.findLoss() == .corrupt)
        try database.startEmpty()
        #expect(database.findLoss() == nil)
        try fill(database)
        #expect(try database.makeReader().entry(7) == entries[7]?.content)
    }
}
