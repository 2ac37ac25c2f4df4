internal import SQLite

/// A connection that reads entries by their rows: one for each thread that does. It sees what was committed
/// before the read began.
final class ColdReader: @unchecked Sendable {  // Used by one thread at a time: that is its owner's promise.
    private let connection: Connection
    private let select: Statement
    private let selectShared: Statement
    private let selectAny: Statement
    /// Past SQLite: most reads need no more.
    private let contents: TablePages?
    private let sharedValues: TablePages?
    private let salt: UInt64
    private var isInBatch = false
    private var hasSnapshot = false

    enum Result {
        /// A block of its own, with one holder.
        case found(Payload)
        case missing
        /// The row does not have what was written: it is to be deleted.
        case damaged
        case outOfMemory
    }

    init(_ path: DatabasePath, waits: Bool) throws(ColdError) {
        do {
            connection = try Connection.reader(path)
            if !waits { connection.setBusyTimeout(milliseconds: 0) }
            select = try Statement(
                connection, "SELECT shared, meta, key, value FROM content WHERE id = ?")
            selectShared = try Statement(connection, "SELECT data FROM shared_value WHERE id = ?")
            selectAny = try Statement(connection, "SELECT name FROM meta LIMIT 1")
            contents = TablePages(connection, table: "content")
            sharedValues = TablePages(connection, table: "shared_value")
            salt = try MetaTable(connection).salt()
        } catch {
            throw ColdError(any: error)
        }
    }

    /// Holds one snapshot for all reads through SQLite until `endBatch`, as a statement does that was not reset. If
    /// that fails each read takes its own.
    func beginBatch() { isInBatch = true }

    func endBatch() {
        isInBatch = false
        if hasSnapshot { selectAny.reset() }
        hasSnapshot = false
    }

    /// Reads an entry, verifies its checksums and copies it.
    /// - Throws: `.corrupt` if the file is damaged beyond the row, `.io` if it cannot be read.
    func read(row: Int64) throws(ColdError) -> Result {
        if let payload = readPages(row: row) { return .found(payload) }
        do throws(SQLiteError) {
            if isInBatch, !hasSnapshot { hasSnapshot = (try? selectAny.step()) ?? false }
            try select.bind(1, row)
            defer { select.reset() }
            guard try select.step() else { return .missing }
            let shared = select.integer(0)
            let meta = select.bytes(1)
            guard ContentRecord.isSound(meta, row: row, shared: shared) else { return .damaged }
            let key = select.bytes(2)
            if shared == 0 {
                guard !select.isNull(3) else { return .damaged }
                return verified(meta, key, select.bytes(3), row)
            }
            // The first statement still runs, and holds the snapshot for both.
            try selectShared.bind(1, shared)
            guard try selectShared.step() else { return .damaged }
            defer { selectShared.reset() }
            return verified(meta, key, selectShared.bytes(0), row)
        } catch {
            throw ColdError(error)
        }
    }

    /// A row never changes, and its checksums tell whether what was found in the file's pages is it: a part of
    /// another's value, however it was made, has not got the salt.
    /// - Returns: `nil` if it is not there, or does not lie in one page.
    func readPages(row: Int64) -> Payload? {
        guard var record = contents?.record(row: row),
            // The row's number is not stored twice.
            case .null? = record.next(), case .bytes(let meta)? = record.next(), let sharing = record.next(),
            case .bytes(let key)? = record.next(), let own = record.next(), record.isAtEnd
        else { return nil }
        let shared: Int64
        let value: UnsafeRawBufferPointer
        switch (sharing, own) {
        case (.null, .bytes(let own)): (shared, value) = (0, own)
        case (.integer(let number), .null):
            guard var record = sharedValues?.record(row: number), case .null? = record.next(),
                case .integer? = record.next(), case .bytes(let common)? = record.next(), record.isAtEnd
            else { return nil }
            (shared, value) = (number, common)
        default: return nil
        }
        guard ContentRecord.isSound(meta, row: row, shared: shared),
            case .found(let payload) = verified(meta, key, value, row, isInTable: false)
        else {
            contents?.forget(row: row)
            if shared != 0 { sharedValues?.forget(row: shared) }
            return nil
        }
        return payload
    }

    private func verified(
        _ meta: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer,
        _ row: Int64, isInTable: Bool = true
    ) -> Result {
        guard
            ContentRecord.matches(
                meta, key: key, value: value, row: row, salt: salt, isInTable: isInTable)
        else { return .damaged }
        let payload = Payload.allocate(
            ContentRecord.metadata(meta), tags: ContentRecord.tags(meta), key: key, value: value)
        return payload.map { .found($0) } ?? .outOfMemory
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
