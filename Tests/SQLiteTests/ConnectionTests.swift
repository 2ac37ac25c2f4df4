import Foundation
import SQLite
import Testing

/// A directory of its own for every test.
final class Scratch {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/sqlite-tests-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// An empty file, which is an empty database.
    func file(_ name: String = "test.db") -> String {
        let file = "\(path)/\(name)"
        _ = FileManager.default.createFile(atPath: file, contents: nil)
        return file
    }
}

struct ConnectionTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func bindsAndReadsEveryType() throws {
        let connection = try Connection(path: scratch.file(), mode: .readWrite)
        try connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b BLOB, c TEXT) STRICT")
        let insert = try Statement(connection, "INSERT INTO t (a, b, c) VALUES (?, ?, ?)")
        let bytes: [UInt8] = [0, 1, 255, 0]
        try insert.bind(1, Int64.min)
        try insert.bind(2, copying: bytes)
        try insert.bind(3, "nul \0 inside")
        try insert.run()
        try insert.bindNull(1)
        try insert.bind(2, bytes: UnsafeRawBufferPointer(start: nil, count: 0))
        try insert.bind(3, "")
        try insert.run()
        let changes = connection.changes
        #expect(changes == 1)

        let select = try Statement(connection, "SELECT a, b, c FROM t ORDER BY id")
        let step1 = try select.step()
        #expect(step1)
        let least = select.integer(0)
        #expect(least == .min)
        let blob = Array(select.bytes(1))
        #expect(blob == bytes)
        let text = String(decoding: select.bytes(2), as: UTF8.self)
        #expect(text == "nul \0 inside")
        let step2 = try select.step()
        #expect(step2)
        let null = select.optionalInteger(0)
        #expect(null == nil)
        let isPresent = !select.isNull(1)
        #expect(isPresent, "an empty blob is not null")
        let isEmpty = select.bytes(1).isEmpty
        #expect(isEmpty)
        let step3 = try select.step()
        #expect(!step3)
    }

    @Test func bindsBytesWithoutCopying() throws {
        let connection = try Connection(path: scratch.file(), mode: .readWrite)
        let select = try Statement(connection, "SELECT ?")
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 3, alignment: 1)
        defer { buffer.deallocate() }
        buffer.copyBytes(from: [1, 2, 3])
        try select.bind(1, bytes: UnsafeRawBufferPointer(buffer))
        buffer[1] = 9
        let step4 = try select.step()
        #expect(step4)
        let seen = Array(select.bytes(0))
        #expect(seen == [1, 9, 3])
    }

    @Test func errorsSayWhatWasDone() throws {
        let connection = try Connection(path: scratch.file(), mode: .readWrite)
        let error = #expect(throws: SQLiteError.self) { try connection.execute("SELECT nonsense") }
        #expect(error?.description.contains("SELECT nonsense") == true)
        #expect(error?.description.contains("no such column") == true)

        try connection.execute("CREATE TABLE t (a INTEGER UNIQUE); INSERT INTO t VALUES (1)")
        let insert = try Statement(connection, "INSERT INTO t VALUES (?)")
        try insert.bind(1, 1)
        let conflict = #expect(throws: SQLiteError.self) { try insert.run() }
        #expect(conflict?.kind == .constraint)
        try insert.bind(1, 2)
        try insert.run()
    }

    @Test func refusesLinksAndMissingFiles() throws {
        let file = scratch.file()
        let link = "\(scratch.path)/link.db"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: file)
        #expect(throws: SQLiteError.self) { _ = try Connection(path: link, mode: .readWrite) }
        #expect(throws: SQLiteError.self) {
            _ = try Connection(path: scratch.path + "/none.db", mode: .readWrite)
        }
        #expect(!FileManager.default.fileExists(atPath: scratch.path + "/none.db"))
    }

    @Test func immutableLeavesNoTraceAndReadsStrangeNames() throws {
        let file = scratch.file("a b?c#d%20é.db")
        do {
            let connection = try Connection(path: file, mode: .readWrite)
            try connection.execute("PRAGMA journal_mode = wal; CREATE TABLE t (a); INSERT INTO t VALUES (7)")
            try connection.checkpoint(.truncate)
        }
        let before = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
        let connection = try Connection(path: file, mode: .immutable)
        let value = try connection.integer("SELECT a FROM t")
        #expect(value == 7)
        #expect(throws: SQLiteError.self) { try connection.execute("INSERT INTO t VALUES (8)") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == before)
    }

    @Test func countsLogFramesAndCheckpoints() throws {
        let file = scratch.file()
        let connection = try Connection(path: file, mode: .readWrite)
        try connection.setCheckpointOnClose(false)
        try connection.execute("PRAGMA journal_mode = wal; CREATE TABLE t (a)")
        let frames = connection.walFrameCount
        #expect(frames > 0)
        let moved = try connection.checkpoint(.passive)
        #expect(moved.log == moved.moved && moved.log > 0)
        try connection.execute("INSERT INTO t VALUES (1)")
        try connection.checkpoint(.truncate)
        let framesLeft = connection.walFrameCount
        #expect(framesLeft == 0)
        let log = try FileManager.default.attributesOfItem(atPath: file + "-wal")
        #expect(log[.size] as? Int == 0)
    }

    @Test func backsUpASnapshotInSteps() throws {
        let source = try Connection(path: scratch.file(), mode: .readWrite)
        try source.execute(
            """
            PRAGMA journal_mode = wal; CREATE TABLE t (a BLOB);
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
            INSERT INTO t SELECT randomblob(1000) FROM n
            """)
        let target = try Connection(path: scratch.file("copy.db"), mode: .readWrite)
        var steps = 0
        do {
            let backup = try Backup(from: source, to: target)
            while try !backup.step(pages: 10) { steps += 1 }
        }
        #expect(steps > 10)
        let count = try target.integer("SELECT count(*) FROM t")
        #expect(count == 500)
    }
}
