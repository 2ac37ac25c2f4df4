import Foundation
import SQLite
import Testing

struct CachedReadsTests {
    let scratch: Scratch
    let path: String

    /// A database of some hundred pages, written to the disk.
    init() throws {
        scratch = try Scratch()
        path = scratch.file()
        let connection = try Connection(path: path, mode: .readWrite)
        try connection.execute(
            """
            PRAGMA page_size = 4096;
            CREATE TABLE t (id INTEGER PRIMARY KEY, data BLOB);
            WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 400)
            INSERT INTO t SELECT i, zeroblob(4000) FROM n;
            """)
    }

    /// Another connection, which has nothing in a cache of its own but the schema.
    private func sum(of connection: borrowing Connection) -> Int64? {
        (try? connection.integer("SELECT sum(length(data)) FROM t")) ?? nil
    }

    @Test func whatIsInMemoryIsRead() throws {
        let connection = try Connection(path: path, mode: .readWrite)
        _ = try connection.integer("SELECT count(*) FROM t WHERE id = 1")
        // So that the pages are in the kernel's memory.
        _ = try Data(contentsOf: URL(fileURLWithPath: path))
        guard isKnownToTheFileSystem() else { return }
        let read = CachedReads.only(bytes: 8 << 20) { sum(of: connection) }
        #expect(read == .some(1_600_000))
    }

    @Test func noMoreIsReadThanAllowed() throws {
        let connection = try Connection(path: path, mode: .readWrite)
        _ = try connection.integer("SELECT count(*) FROM t WHERE id = 1")
        let read = CachedReads.only(bytes: 16 << 10) { sum(of: connection) }
        #expect(read == .some(nil))
        // The connection is none the worse for it.
        #expect(sum(of: connection) == 1_600_000)
    }

    @Test func whatIsOnDiskAloneIsNotWaitedFor() throws {
        let connection = try Connection(path: path, mode: .readWrite)
        _ = try connection.integer("SELECT count(*) FROM t WHERE id = 1")
        let descriptor = open(path, O_RDWR)
        fsync(descriptor)
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
        var pages = [UInt8](repeating: 0, count: 400)
        let address = mmap(nil, 400 << 12, PROT_READ, MAP_SHARED, descriptor, 0)
        mincore(address, 400 << 12, &pages)
        munmap(address, 400 << 12)
        // A file system without a disk keeps them all.
        guard !pages.contains(where: { $0 & 1 == 1 }) else { return }
        let read = CachedReads.only(bytes: 8 << 20) { sum(of: connection) }
        #expect(read == .some(nil))
        close(descriptor)
        #expect(sum(of: connection) == 1_600_000)
    }

    /// Some file systems cannot say what is in memory.
    private func isKnownToTheFileSystem() -> Bool {
        guard let connection = try? Connection(path: path, mode: .readWrite) else { return false }
        return CachedReads.only(bytes: 1 << 20) {
            (try? connection.integer("SELECT count(*) FROM t WHERE id = 1")) ?? nil
        }
            == .some(1)
    }
}
