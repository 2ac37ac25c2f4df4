import Foundation
import SQLite

@testable import MemoStore

/// A directory of its own, and clocks that a test sets.
final class ColdFixture {
    let directory: String
    let clocks = Clocks()
    var options: ColdOptions

    var path: String { options.path }

    init(below parent: String = NSTemporaryDirectory()) throws {
        directory =
            URL(fileURLWithPath: parent).resolvingSymlinksInPath().path
            + "/cold-tests-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        options = ColdOptions(path: directory + "/memod.db")
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func open() throws(ColdError) -> ColdDatabase {
        try ColdDatabase(options, source: clocks.source)
    }

    var names: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
    }

    func names(containing part: String) -> [String] { names.filter { $0.contains(part) } }

    func bytes(_ suffix: String = "") throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: path + suffix))
    }

    func write(_ data: Data, _ suffix: String = "") throws {
        try data.write(to: URL(fileURLWithPath: path + suffix))
    }

    /// As the daemon leaves it when it is killed: the files are copied while the database is open, and put back
    /// when it is closed.
    func crash(_ database: ColdDatabase) throws {
        let files = try ["", "-wal"].map { ($0, try bytes($0)) }
        try database.close()
        for (suffix, data) in files { try write(data, suffix) }
    }

    /// Changes a closed database behind its back.
    func tamper(_ sql: String) throws {
        let connection = try Connection(path: path, mode: .readWrite)
        try connection.execute(sql)
    }

    final class Clocks: @unchecked Sendable {  // Set by the one thread of a test, between its calls.
        var boottimeMs: Int64 = 1_000_000
        var wallMs: Int64 = 1_800_000_000_000
        var boot = "boot-1"

        var source: ClockSource {
            ClockSource(boottimeMs: { self.boottimeMs }, wallMs: { self.wallMs }, boot: boot)
        }
    }
}

/// An entry as a test knows it.
struct TestEntry: Equatable {
    var function = FunctionID(1)
    var hash: UInt64 = 0
    var key: [UInt8]
    var value: [UInt8]
    var tags: [TagID] = []
    var created: Int64 = 1
    var fresh = Int64.max
    var expires = Int64.max
    var cost: UInt32 = 0
    var uid: UInt32 = 0

    func payload() -> Payload {
        key.withUnsafeBytes { key in
            value.withUnsafeBytes { value in
                Payload.allocate(
                    EntryMetadata(created: created, fresh: fresh, expires: expires, costMs: cost, uid: uid),
                    tags: tags, key: key, value: value)!
            }
        }
    }

    init(key: [UInt8], value: [UInt8]) {
        self.key = key
        self.value = value
    }

    /// One that is like no other row's.
    init(of row: Int64, bytes: Int) {
        self.init(
            key: Array("[\(row)]".utf8),
            value: withUnsafeBytes(of: row) { Array($0) } + [UInt8](repeating: 7, count: bytes))
    }

    init(_ payload: Payload) {
        key = Array(payload.key)
        value = Array(payload.value)
        tags = Array(payload.tags)
        created = payload.created
        fresh = payload.fresh
        expires = payload.expires
        cost = payload.costMs
        uid = payload.uid
    }

    /// All that a read gives: without function and hash.
    var content: TestEntry {
        var content = self
        content.function = 1
        content.hash = 0
        return content
    }
}

/// What `load` streamed.
struct Loaded {
    var functions: [FunctionRow] = []
    var tags: [TagRow] = []
    var heads: [EntryHead] = []
    var uses: [Int64] = []
    var load: ColdLoad

    init(_ database: ColdDatabase) throws(ColdError) {
        var functions: [FunctionRow] = []
        var tags: [TagRow] = []
        var heads: [EntryHead] = []
        var uses: [Int64] = []
        load = try database.load(
            function: { functions.append($0) }, tag: { tags.append($0) }, entry: { heads.append($0) },
            uses: { uses.append($0) })
        self.functions = functions
        self.tags = tags
        self.heads = heads
        self.uses = uses
    }
}

extension ColdDatabase {
    /// Commits, and lets the payloads go as the queue does.
    func commitAndRelease(_ writes: [StoreChange]) throws(ColdError) {
        defer {
            for case .insert(_, _, _, let payload) in writes { payload.release() }
        }
        try commit(ContiguousArray(writes))
    }

    func insert(_ entries: [Int64: TestEntry]) throws(ColdError) {
        try commitAndRelease(
            entries.sorted { $0.key < $1.key }.map {
                .insert(
                    row: $0.key, function: $0.value.function, hash: $0.value.hash, payload: $0.value.payload()
                )
            })
    }
}

extension ColdReader {
    /// The entry, or `nil` if it is missing; damage is an error.
    func entry(_ row: Int64) throws -> TestEntry? {
        switch try read(row: row) {
        case .found(let payload):
            defer { payload.release() }
            return TestEntry(payload)
        case .missing: return nil
        case .damaged: throw ColdError(.corrupt, "row \(row) is damaged")
        case .outOfMemory: throw ColdError(.other, "out of memory")
        }
    }
}
