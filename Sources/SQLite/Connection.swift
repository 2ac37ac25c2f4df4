internal import CSQLite

/// A connection to a database file. It takes no locks of its own: one thread at a time may use it and the
/// statements prepared on it. It never checkpoints by itself.
package struct Connection: ~Copyable {
    package enum Mode: Sendable {
        /// Reads and writes a file that exists.
        case readWrite
        /// Reads a file as it is on disk, its write-ahead log left out, and creates and locks nothing.
        case immutable
    }

    let handle: OpaquePointer
    private let walFrames: UnsafeMutablePointer<Int32>

    /// Opens an existing database. Symbolic links in `path` are refused, its directories included.
    ///
    /// Nothing of the file has been read when this returns: a damaged one is noticed by the first statement.
    package init(path: String, mode: Mode) throws(SQLiteError) {
        _ = Self.isConfigured
        _ = CachedReads.isAvailable
        var handle: OpaquePointer?
        let common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE
        let code =
            switch mode {
            case .readWrite: sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | common, nil)
            case .immutable:
                sqlite3_open_v2(
                    Self.immutableAddress(of: path), &handle,
                    SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | common, nil)
            }
        guard code == SQLITE_OK, let handle else {
            let error = SQLiteError(code, of: handle, doing: "open \(path)")
            sqlite3_close_v2(handle)
            throw error
        }
        self.handle = handle
        walFrames = .allocate(capacity: 1)
        walFrames.initialize(to: 0)
        // It takes the place of SQLite's own checkpoints; `PRAGMA wal_autocheckpoint` would take it away again.
        sqlite3_wal_hook(
            handle,
            { context, _, _, frames in
                context?.assumingMemoryBound(to: Int32.self).pointee = frames
                return SQLITE_OK
            }, walFrames)
    }

    /// Refused, and not missed, where something else in the process has used SQLite before.
    private static let isConfigured = memod_sqlite3_no_memory_statistics() == SQLITE_OK

    deinit {
        sqlite3_wal_hook(handle, nil, nil)
        sqlite3_close_v2(handle)
        walFrames.deallocate()
    }

    private static func immutableAddress(of path: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var address = Array("file:".utf8)
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "-"),
                UInt8(ascii: "_"), UInt8(ascii: "."):
                address.append(byte)
            default:
                address += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: address, as: UTF8.self) + "?immutable=1"
    }

    func check(_ code: Int32, _ doing: @autoclosure () -> String) throws(SQLiteError) {
        guard code == SQLITE_OK else { throw SQLiteError(code, of: handle, doing: doing()) }
    }

    /// Runs SQL text, which may hold several statements; rows are thrown away.
    package func execute(_ sql: String) throws(SQLiteError) {
        try check(sqlite3_exec(handle, sql, nil, nil, nil), sql)
    }

    /// The first column of the first row of `sql`, as an integer; `nil` if there is no row or it is null.
    package func integer(_ sql: String) throws(SQLiteError) -> Int64? {
        let statement = try Statement(self, sql)
        guard try statement.step(), !statement.isNull(0) else { return nil }
        return statement.integer(0)
    }

    /// The first column of the first row of `sql`, as text; `nil` if there is no row or it is null.
    package func text(_ sql: String) throws(SQLiteError) -> String? {
        let statement = try Statement(self, sql)
        guard try statement.step(), !statement.isNull(0) else { return nil }
        return String(decoding: statement.bytes(0), as: UTF8.self)
    }

    /// How long to wait for a lock that another connection holds, in milliseconds.
    package func setBusyTimeout(milliseconds: Int32) {
        sqlite3_busy_timeout(handle, milliseconds)
    }

    /// Whether closing the last connection moves the write-ahead log into the database and removes it.
    package func setCheckpointOnClose(_ enabled: Bool) throws(SQLiteError) {
        try check(
            memod_sqlite3_no_checkpoint_on_close(handle, enabled ? 0 : 1), "set checkpoint on close")
    }

    /// Gives back the memory of cached pages that are not in use.
    package func releaseMemory() { sqlite3_db_release_memory(handle) }

    /// Rows changed by the last INSERT, UPDATE or DELETE.
    package var changes: Int64 { sqlite3_changes64(handle) }

    /// Whether a transaction is open.
    package var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Frames (pages) in the write-ahead log that are not known to be in the database file, as of this
    /// connection's last commit or checkpoint.
    package var walFrameCount: Int { Int(walFrames.pointee) }

    package enum CheckpointMode: Sendable {
        /// Moves what it can without waiting for anyone.
        case passive
        /// Waits for readers, moves everything and truncates the log.
        case truncate
    }

    /// Moves pages from the write-ahead log into the database file.
    /// - Returns: frames in the log, and how many of them are now in the database file.
    @discardableResult
    package func checkpoint(_ mode: CheckpointMode) throws(SQLiteError) -> (log: Int, moved: Int) {
        var log: Int32 = 0
        var moved: Int32 = 0
        let code = sqlite3_wal_checkpoint_v2(
            handle, nil, mode == .passive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE,
            &log, &moved)
        try check(code, "checkpoint")
        walFrames.pointee = max(0, log - moved)
        return (Int(log), Int(moved))
    }
}
