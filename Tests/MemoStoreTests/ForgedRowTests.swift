import Foundation
import Testing

@testable import MemoStore

/// Rows are read if they were before, whatever stands there now: a value may look like one.
struct ForgedRowTests {
    private let secret = TestEntry(key: Array("\"k\"".utf8), value: Array("\"true\"".utf8))
    private let forged = TestEntry(key: Array("\"k\"".utf8), value: Array("\"fake\"".utf8))

    /// A row of `content` as it stands in its page.
    private func cell(_ row: UInt8, _ entry: TestEntry) -> [UInt8] {
        let payload = entry.payload()
        defer { payload.release() }
        var meta = [UInt8](repeating: 0, count: ContentRecord.fixedBytes)
        let body = Checksum.of(key: payload.key, value: payload.value, row: Int64(row), salt: 0)
        meta.withUnsafeMutableBytes {
            ContentRecord.encode(row: Int64(row), shared: 0, body: body, payload: payload, into: $0)
        }
        // The types of five columns: two are null, a blob's is twice its length, and 12.
        var record: [UInt8] = [0, 0] + varint(12 + 2 * meta.count) + [0]
        record += varint(12 + 2 * entry.key.count) + varint(12 + 2 * entry.value.count)
        record[0] = UInt8(record.count)
        record += meta + entry.key + entry.value
        return varint(record.count) + [row] + record
    }

    private func varint(_ number: Int) -> [UInt8] {
        number < 128 ? [UInt8(number)] : [UInt8(number >> 7) | 0x80, UInt8(number & 0x7F)]
    }

    /// Reads a row, and once more when it was moved and another's value is where it was.
    /// - Parameter makeValue: given where in its page the row was.
    /// - Returns: what the second time brought, and where in its page the value is.
    private func read(_ makeValue: (Int) -> [UInt8]) throws -> (entry: TestEntry?, place: Int) {
        let fixture = try ColdFixture()
        let database = try fixture.open()
        _ = try Loaded(database)
        func move() throws {
            try database.writing { writer throws(ColdError) in _ = try writer.checkpoint() }
        }
        func place(of bytes: [UInt8]) throws -> Int {
            let found = try #require(try fixture.bytes().range(of: Data(bytes)))
            return found.lowerBound % ColdOptions.pageBytes
        }
        let large = TestEntry(key: [0x31], value: [UInt8](repeating: 0x20, count: 3000))
        try database.insert([1: large, 2: secret])
        try move()
        let reader = try database.makeReader()
        let first = reader.readPages(row: 2)
        #expect(first.map { TestEntry($0) } == secret)
        first?.release()
        let was = try place(of: secret.key + secret.value) - cellStart
        try database.commit([.delete(row: 1)])
        let value = makeValue(was)
        try database.insert([3: TestEntry(key: [0x33], value: value)])
        try move()
        // And through SQLite, too, if it is not found in the pages.
        return (try reader.entry(2), try place(of: value))
    }

    /// Before key and value.
    private var cellStart: Int { cell(2, secret).count - secret.key.count - secret.value.count }

    /// As a database that an earlier memod has written.
    @Test func rowsWithoutASaltAreReadWhereTheyAre() throws {
        let fixture = try ColdFixture()
        let database = try fixture.open()
        _ = try Loaded(database)
        try database.insert([2: secret])
        try database.close()
        // In hexadecimal: the checksum, and what comes before the value.
        let meta = cell(2, secret)[cellStart - ContentRecord.fixedBytes..<cellStart]
        try fixture.tamper(
            "UPDATE content SET meta = x'\(meta.map { String(format: "%02x", $0) }.joined())' WHERE id = 2")
        let again = try fixture.open()
        let reader = try again.makeReader()
        #expect(reader.readPages(row: 2) == nil)
        #expect(try reader.entry(2) == secret)
        #expect(try again.makeScrub().step(rows: 10).damaged.isEmpty)
    }

    @Test func aValueThatLooksLikeARowIsNone() throws {
        let filler = (0..<5500).map { UInt8(truncatingIfNeeded: 0x30 + $0 % 10) }
        let start = try read { _ in filler }.place
        let found = try read { was in
            var value = filler
            let cell = cell(2, forged)
            #expect(was >= start && was - start + cell.count < value.count)
            value.replaceSubrange(was - start..<was - start + cell.count, with: cell)
            return value
        }.entry
        #expect(found == secret)
    }
}
