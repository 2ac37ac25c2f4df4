import Foundation
import SQLite
import TestSupport
import Testing

@testable import MemoStore

struct ColdBackupTests {
    let fixture: ColdFixture
    let database: ColdDatabase

    init() throws {
        fixture = try ColdFixture()
        database = try fixture.open()
        _ = try Loaded(database)
        try database.commit([.function(FunctionRow(id: 1, owner: -1, name: "f"))])
        var random = SeededGenerator(9)
        var entries: [Int64: TestEntry] = [:]
        for row in Int64(1)...2000 {
            entries[row] = TestEntry(
                key: Array("[\(row)]".utf8),
                value: random.bytes(1600))
        }
        try database.insert(entries)
    }

    @Test func copyIsADatabaseOfItsOwn() throws {
        let target = fixture.directory + "/copy.db"
        try database.backup(to: target)
        let mode = try FileManager.default.attributesOfItem(atPath: target)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        #expect(fixture.names(containing: "copy.db") == ["copy.db"])

        var options = fixture.options
        options.path = target
        let copy = try ColdDatabase(options, source: fixture.clocks.source)
        let loaded = try Loaded(copy)
        #expect(loaded.heads.count == 2000 && loaded.load.damaged == 0)
        #expect(try copy.makeReader().entry(1234) == database.makeReader().entry(1234))
        #expect(loaded.load.seed == (try Loaded(database)).load.seed)
    }

    /// What is committed while the copy is made does not wait for it, and is not in it.
    @Test func copyIsOneSnapshot() throws {
        let target = fixture.directory + "/copy.db"
        var steps = 0
        try database.backup(to: target) {
            steps += 1
            do {
                try database.commit([.delete(row: Int64(steps)), .accesses([Int64(steps)])])
                try database.maintain()
            } catch {
                Issue.record(error)
            }
            return false
        }
        #expect(steps > 1)
        let copy = try Connection(path: target, mode: .readWrite)
        let (entries, contents, uses, check) = (
            try copy.integer("SELECT count(*) FROM entry"), try copy.integer("SELECT count(*) FROM content"),
            try copy.integer("SELECT count(*) FROM uses"), try copy.text("PRAGMA integrity_check")
        )
        #expect(entries == 2000 && contents == 2000 && uses == 0)
        #expect(check == "ok")
        #expect(try database.makeReader().entry(1) == nil)
    }

    @Test func refusesWhatExistsAndWhatIsNoPath() throws {
        let existing = fixture.directory + "/existing"
        try Data([1]).write(to: URL(fileURLWithPath: existing))
        let dangling = fixture.directory + "/dangling"
        try FileManager.default.createSymbolicLink(
            atPath: dangling, withDestinationPath: fixture.directory + "/nowhere")
        let before = fixture.names
        for path in [existing, dangling, "copy.db", "", "/", fixture.directory + "/..", fixture.path] {
            let error = #expect(throws: ColdError.self, "\(path)") { try database.backup(to: path) }
            #expect(error?.failure == .refused, "\(path)")
        }
        #expect(throws: ColdError.self) { try database.backup(to: fixture.directory + "/none/copy.db") }
        #expect(fixture.names == before)
        #expect(try Data(contentsOf: URL(fileURLWithPath: existing)) == Data([1]))
    }

    @Test func cancelledCopyLeavesNothing() throws {
        let before = fixture.names
        var steps = 0
        let error = #expect(throws: ColdError.self) {
            try database.backup(to: fixture.directory + "/copy.db") {
                steps += 1
                return steps == 2
            }
        }
        #expect(error?.failure == .cancelled)
        #expect(fixture.names == before)
    }

    @Test func reopeningEndsACopy() throws {
        var steps = 0
        let error = #expect(throws: ColdError.self) {
            try database.backup(to: fixture.directory + "/copy.db") {
                steps += 1
                if steps == 1 { _ = try? database.startEmpty() }
                return false
            }
        }
        #expect(error?.failure == .cancelled)
        #expect(fixture.names(containing: "copy").isEmpty)
    }
}
