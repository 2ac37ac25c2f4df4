internal import SQLite

/// A connection that reads entries by their rows: one for each thread that does. It sees what was committed
/// before the read began.
final class ColdReader: @unchecked Sendable {  // Used by one thread at a time: that is its owner's promise.
    private let connection: Connection
    private let select: Statement

    enum Result {
        /// A block of its own, with one holder.
        case found(Payload)
        case missing
        /// The row does not have what was written: it is to be deleted.
        case damaged
        case outOfMemory
    }

    init(_ path: DatabasePath) throws(ColdError) {
        do {
            connection = try Connection.reader(path)
            select = try Statement(
                connection,
                """
                SELECT content.shared, content.meta, content.key, content.value, shared_value.data
                FROM content LEFT JOIN shared_value ON shared_value.id = content.shared
                WHERE content.id = ?
                """)
        } catch {
            throw ColdError(any: error)
        }
    }

    /// Reads an entry, verifies its checksums and copies it.
    /// - Throws: `.corrupt` where the file is damaged beyond the row, `.io` where it cannot be read.
    func read(row: Int64) throws(ColdError) -> Result {
        do throws(SQLiteError) {
            try select.bind(1, row)
            defer { select.reset() }
            guard try select.step() else { return .missing }
            let shared = select.integer(0)
            let meta = select.bytes(1)
            let valueColumn: Int32 = shared == 0 ? 3 : 4
            guard ContentRecord.isSound(meta, row: row, shared: shared), !select.isNull(valueColumn) else {
                return .damaged
            }
            let key = select.bytes(2)
            let value = select.bytes(valueColumn)
            guard ContentRecord.body(meta) == Checksum.of(key: key, value: value, row: row) else {
                return .damaged
            }
            let payload = Payload.allocate(
                ContentRecord.facts(meta), tags: ContentRecord.tags(meta), key: key, value: value)
            return payload.map { .found($0) } ?? .outOfMemory
        } catch {
            throw ColdError(error)
        }
    }
}

extension Connection {
    /// A connection that does not write, and that leaves the log alone when it is closed.
    static func reader(_ path: DatabasePath) throws(SQLiteError) -> Connection {
        let connection = try Connection(path: path.database, mode: .readWrite)
        try connection.setCheckpointOnClose(false)
        connection.setBusyTimeout(milliseconds: ColdOptions.busyTimeoutMs)
        try connection.execute(
            """
            PRAGMA query_only = on;
            PRAGMA trusted_schema = off;
            PRAGMA cell_size_check = on;
            PRAGMA mmap_size = 0;
            PRAGMA temp_store = memory;
            PRAGMA cache_size = -\(ColdOptions.readerCacheBytes / 1024);
            """)
        return connection
    }
}
