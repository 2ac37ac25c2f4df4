import Foundation
import SQLite
import Testing

struct TablePagesTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// A table of rows with gaps and of all sizes, some longer than a page, in the file and not in its log.
    private func makeTable(_ path: String, pageBytes: Int, seed: UInt64) throws -> Connection {
        let connection = try Connection(path: path, mode: .readWrite)
        try connection.execute(
            """
            PRAGMA page_size = \(pageBytes);
            PRAGMA journal_mode = wal;
            CREATE TABLE other (id INTEGER PRIMARY KEY, data BLOB);
            CREATE TABLE t (id INTEGER PRIMARY KEY, data BLOB, number INTEGER, more BLOB);
            """)
        try insert(connection, from: 1, to: 3000, longest: pageBytes * 5 / 4, seed: seed)
        try connection.checkpoint(.truncate)
        return connection
    }

    private func insert(
        _ connection: borrowing Connection, from first: Int, to last: Int, longest: Int, seed: UInt64
    ) throws {
        try connection.execute(
            """
            WITH RECURSIVE n(i) AS (VALUES (\(first)) UNION ALL SELECT i + 1 FROM n WHERE i < \(last))
            INSERT INTO t SELECT i,
                randomblob(CASE i % 50 WHEN 0 THEN abs(random() % \(longest)) ELSE abs(random() % 100) END),
                CASE i % 7 WHEN 0 THEN NULL WHEN 1 THEN i WHEN 2 THEN -i WHEN 3 THEN i * 1000000000
                    WHEN 4 THEN -9223372036854775807 ELSE i % 2 END,
                CASE i % 3 WHEN 0 THEN NULL ELSE zeroblob(i % 20) END
            FROM n WHERE (i * 2654435761 + \(seed % 1000)) % 100 < \(40 + seed % 61);
            """)
    }

    private func pages(_ connection: borrowing Connection) throws -> TablePages {
        let pages = TablePages(connection, table: "t")
        return try #require(pages)
    }

    /// Compares each row with what SQLite says of it.
    /// - Parameter hasMoved: whether rows may have been moved within the file since they were read.
    /// - Returns: how many there are, and how many were found.
    private func compare(
        _ connection: borrowing Connection, _ pages: TablePages, seed: UInt64, hasMoved: Bool = false
    ) throws -> (all: Int, found: Int) {
        let select = try Statement(
            connection, "SELECT id, data, number, more FROM t ORDER BY (id * 7919) % 3001")
        var all = 0
        var found = 0
        while try select.step() {
            all += 1
            let row = select.integer(0)
            var attempts = 0
            var isEqual: Bool?
            // A row that was moved may leave a part of it behind, at a place that is remembered.
            repeat {
                if isEqual == false { pages.forget(row: row) }
                isEqual = pages.record(row: row).map { isSame($0, select) }
                attempts += 1
            } while isEqual == false && hasMoved && attempts < 2
            #expect(isEqual != false, "seed \(seed): row \(row)")
            if isEqual == true { found += 1 }
        }
        return (all, found)
    }

    private func isSame(_ record: Record, _ row: borrowing Statement) -> Bool {
        var record = record
        guard case .null? = record.next(), case .bytes(let data)? = record.next(), let number = record.next(),
            let more = record.next(), record.isAtEnd, record.next() == nil
        else { return false }
        return data.elementsEqual(row.bytes(1)) && isSame(number, row, 2) && isSame(more, row, 3)
    }

    private func isSame(_ column: Record.Column, _ row: borrowing Statement, _ position: Int32) -> Bool {
        switch column {
        case .null: row.isNull(position)
        case .integer(let number): !row.isNull(position) && number == row.integer(position)
        case .bytes(let bytes): !row.isNull(position) && bytes.elementsEqual(row.bytes(position))
        }
    }

    @Test(arguments: [512, 1024, 4096, 8192, 65536])
    func everyRowThatItsPageHoldsIsFound(pageBytes: Int) throws {
        let seed = UInt64.random(in: 0 ... .max)
        let connection = try makeTable(scratch.file(), pageBytes: pageBytes, seed: seed)
        let pages = try pages(connection)
        let (all, found) = try compare(connection, pages, seed: seed)
        #expect(found <= all)
        // Longer ones are one in a hundred.
        #expect(found >= all * 49 / 50, "seed \(seed): \(found) of \(all)")
        for row: Int64 in [.min, -1, 0, 3001, 1 << 40, .max] { #expect(pages.record(row: row) == nil) }
    }

    @Test func rowsAreFoundOnceTheyAreInTheFile() throws {
        let connection = try makeTable(scratch.file(), pageBytes: 1024, seed: 60)
        let pages = try pages(connection)
        let before = try compare(connection, pages, seed: 60)
        try insert(connection, from: 10_001, to: 14_000, longest: 100, seed: 60)
        // Only in the log.
        let meanwhile = try compare(connection, pages, seed: 60)
        #expect(meanwhile.found == before.found)
        try connection.execute("DELETE FROM t WHERE id % 3 = 0")
        try connection.checkpoint(.truncate)
        let (all, _) = try compare(connection, pages, seed: 60, hasMoved: true)
        // What was remembered of the tree is given up by and by.
        let (_, found) = try compare(connection, pages, seed: 60, hasMoved: true)
        #expect(found >= all * 49 / 50, "\(found) of \(all)")
        #expect(pages.record(row: 10_002) == nil)
    }

    @Test func aTableMayGrowFromOneLeaf() throws {
        let connection = try Connection(path: scratch.file(), mode: .readWrite)
        try connection.execute(
            """
            CREATE TABLE t (id INTEGER PRIMARY KEY, data BLOB, number INTEGER, more BLOB);
            INSERT INTO t VALUES (1, x'00', 2, NULL);
            """)
        let pages = try pages(connection)
        #expect(pages.record(row: 1) != nil)
        #expect(pages.record(row: 2) == nil)
        try insert(connection, from: 2, to: 1000, longest: 100, seed: 60)
        // What was remembered of the tree is given up by and by.
        _ = try compare(connection, pages, seed: 60)
        let (all, found) = try compare(connection, pages, seed: 60)
        #expect(all == 1000 && found == all)
        let none = TablePages(connection, table: "nothing")
        #expect(none == nil)
    }

    /// Whatever the file has become, it is read within its bounds.
    @Test func damageIsHarmless() throws {
        let path = scratch.file()
        let seed = UInt64.random(in: 0 ... .max)
        var state = [UInt16(truncatingIfNeeded: seed), UInt16(truncatingIfNeeded: seed >> 16), 7]
        func random(_ range: Range<Int>) -> Int {
            range.lowerBound + Int(erand48(&state) * Double(range.count))
        }
        let connection = try makeTable(path, pageBytes: 1024, seed: seed)
        let sound = try Data(contentsOf: URL(fileURLWithPath: path))
        let pages = try pages(connection)
        for round in 0..<30 {
            var damaged = sound
            for _ in 0..<(1 << (round % 15)) {
                // Pages' headers and cells' beginnings matter most.
                let page = random(1..<sound.count / 1024)
                damaged[page * 1024 + random(0..<(random(0..<2) == 0 ? 64 : 1024))] = UInt8(random(0..<256))
            }
            if round % 4 == 0 {
                // The last child of inner pages is none.
                for page in stride(from: 1024, to: sound.count, by: 1024) where sound[page] == 5 {
                    damaged.resetBytes(in: page + 8..<page + 12)
                }
            }
            if round % 10 == 9 { damaged = damaged.prefix(damaged.count / 2) }
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try file.truncate(atOffset: 0)
            try file.write(contentsOf: damaged)
            for row in Int64(0)...3001 {
                guard var record = pages.record(row: row) else { continue }
                while let column = record.next() {
                    if case .bytes(let bytes) = column { #expect(bytes.count <= 1024, "seed \(seed)") }
                }
            }
        }
    }
}
