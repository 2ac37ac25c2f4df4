internal import SQLite

/// The one connection that commits and checkpoints, with its prepared statements. One thread at a time uses it.
final class ColdWriter {
    let connection: Connection
    let meta: MetaTable
    let profiles: ProfileTables
    let uses: AccessJournalTable
    let history: HistoryRows
    let mismatches: MismatchRows
    let remote: RemoteRows
    let entries: EntryTables
    let sharing: SharedValues
    let deleted: Tombstones
    let interning: Bool
    /// As of the last commit.
    var next: MetaTable.NextNumbers
    var clock: StoreClock.State?
    var chain: CommitChain
    /// Whether the database has a mark of its newest commit: an older memod's has none.
    let isMarked: Bool
    /// What was found amiss and put right.
    let remarks: [String]
    /// A snapshot of the index is valid until the next commit.
    var hasSnapshot = false
    /// Rows in the access journal, repeats counted.
    var journalRows = 0

    private var compactor: PageCompactor?
    private let pageCount: Statement
    private let freePages: Statement

    /// Opens a database that exists, and verifies its schema before anything is written.
    ///
    /// - Parameter wallMs: for the record of migrations that are applied.
    init(_ path: DatabasePath, _ options: ColdOptions, wallMs: Int64) throws(ColdError) {
        do {
            connection = try Connection(path: path.database, mode: .readWrite)
            // Until the schema is known to be ours, closing must leave the log where it is.
            try connection.setCheckpointOnClose(false)
            connection.setBusyTimeout(milliseconds: ColdOptions.busyTimeoutMs)
            try connection.execute("PRAGMA cell_size_check = on; PRAGMA trusted_schema = off")
            let (version, inHeader) = try options.schema.verify(connection)
            guard try connection.text("PRAGMA journal_mode = wal") == "wal" else {
                throw ColdError(.refused, "\(path.database) cannot have a write-ahead log where it is")
            }
            try connection.execute(
                """
                PRAGMA synchronous = \(options.durability == .full ? "full" : "normal");
                PRAGMA journal_size_limit = \(ColdOptions.logBytesKept);
                PRAGMA mmap_size = 0;
                PRAGMA secure_delete = off;
                PRAGMA temp_store = memory;
                PRAGMA cache_size = -\(ColdOptions.writerCacheBytes / 1024);
                """)
            if inHeader != version { try connection.execute("PRAGMA user_version = \(version)") }
            remarks =
                inHeader == version
                ? []
                : [
                    "\(path.database): its header had version \(inHeader) in place of \(version), and was put right"
                ]
            try options.schema.apply(to: connection, from: version, wallMs: wallMs)
        } catch {
            throw ColdError(any: error)
        }
        do {
            meta = try MetaTable(connection)
            profiles = try ProfileTables(connection)
            uses = try AccessJournalTable(connection)
            history = try HistoryRows(connection)
            mismatches = try MismatchRows(connection)
            remote = try RemoteRows(connection)
            entries = try EntryTables(connection, salt: meta.salt())
            sharing = try SharedValues(connection)
            deleted = try Tombstones(connection, meta)
            pageCount = try Statement(connection, "PRAGMA page_count")
            freePages = try Statement(connection, "PRAGMA freelist_count")
            interning = options.interning
            next = try meta.next()
            let (mark, clock) = try meta.commit()
            self.clock = clock
            isMarked = mark != nil
            chain = CommitChain(newest: mark ?? .first())
            hasSnapshot = try meta.snapshotStamp() != nil
        } catch {
            // The migrations are ours, and yet a table or a column is not there: the schema's text is damaged.
            if let error = error as? SQLiteError, error.kind == .other {
                throw ColdError(.corrupt, "its schema is damaged: \(error)")
            }
            throw ColdError(any: error)
        }
    }

    /// Makes a new database with the current schema at a path where there is an empty file.
    static func create(
        _ path: String, _ options: ColdOptions, wallMs: Int64, seed: [UInt64]
    ) throws(ColdError) {
        do {
            let connection = try Connection(path: path, mode: .readWrite)
            try connection.execute(
                """
                PRAGMA page_size = \(ColdOptions.pageBytes);
                PRAGMA auto_vacuum = incremental;
                PRAGMA synchronous = full;
                PRAGMA application_id = \(DatabaseFile.applicationID);
                """)
            try options.schema.apply(to: connection, from: 0, wallMs: wallMs)
            let meta = try MetaTable(connection)
            try meta.save(seed: seed)
            try meta.save(.first(), nil)
            try connection.execute("PRAGMA journal_mode = wal")
        } catch {
            throw ColdError(any: error)
        }
    }

    /// Looks at the pages that the next commits write to: rows are only appended, to two tables under the same numbers. The
    /// check in the background comes to them after minutes, and meanwhile what is promised would be written there.
    /// - Throws: `.corrupt` if they are damaged.
    func checkEdge() throws(ColdError) {
        do throws(SQLiteError) {
            let heads = try newest("entry")
            guard try newest("content") == heads, heads.first ?? 0 < next.row else {
                throw SQLiteError(damage: "its newest entries are not those that were written")
            }
            // What every start reads, or the next commit writes to: damage there would be met after something was promised.
            for table in ["meta", "deleted", "uses", "history", "mismatch"] {
                let verdict = try connection.text("PRAGMA quick_check(\(table))") ?? ""
                if verdict != "ok" { throw SQLiteError(damage: verdict) }
            }
        } catch {
            throw ColdError(error)
        }
    }

    /// The numbers of a table's last rows, the last one first.
    private func newest(_ table: String) throws(SQLiteError) -> [Int64] {
        let select = try Statement(connection, "SELECT id FROM \(table) ORDER BY id DESC LIMIT 64")
        var rows: [Int64] = []
        while try select.step() {
            let row = select.integer(0)
            guard row < rows.last ?? .max else {
                throw SQLiteError(damage: "row \(row) stands behind a smaller one")
            }
            rows.append(row)
        }
        return rows
    }

    /// Moves everything from the log into the database; closing then removes the log.
    /// - Returns: false if another process reads it for long: the log stays, and nothing is lost.
    func finish() throws(ColdError) -> Bool {
        do throws(SQLiteError) {
            connection.setBusyTimeout(milliseconds: ColdOptions.lastWaitMs)
            try connection.checkpoint(.truncate)
            try connection.setCheckpointOnClose(true)
            return true
        } catch {
            guard error.kind == .busy else { throw ColdError(error) }
            return false
        }
    }

    /// For a database that is opened again without being loaded: moves all of the log into the database, and
    /// counts what loading would have counted.
    func resume() throws(ColdError) {
        do throws(SQLiteError) {
            try connection.checkpoint(.truncate)
            try sharing.measure(connection)
        } catch {
            throw ColdError(error)
        }
    }

    /// Pages in the log that are not in the database yet.
    var logFrames: Int64 { Int64(connection.walFrameCount) }

    /// Moves pages from the log into the database, as far as readers let it.
    /// - Returns: how many are only in the log.
    @discardableResult
    func checkpoint() throws(ColdError) -> Int64 {
        do throws(SQLiteError) {
            let (log, moved) = try connection.checkpoint(.passive)
            return Int64(max(0, log - moved))
        } catch {
            // A reader in its way is no error: the next one moves the rest.
            if error.kind != .busy { throw ColdError(error) }
            return logFrames
        }
    }

    /// Makes changes in one transaction, or none of them. Each has a mark, or a log that lacks it could not be told from a
    /// whole one.
    func transaction<Result>(_ body: () throws(SQLiteError) -> Result) throws(ColdError) -> Result {
        do throws(SQLiteError) {
            try connection.execute("BEGIN IMMEDIATE")
            let result = try body()
            try mark()
            try connection.execute("COMMIT")
            chain.committed()
            return result
        } catch {
            if connection.isInTransaction { try? connection.execute("ROLLBACK") }
            throw ColdError(error)
        }
    }

    private func mark() throws(SQLiteError) { try meta.save(chain.attempt(), clock) }

    /// Gives up to `pages` free pages back to the file system once the log is moved.
    func vacuum(pages: Int) throws(ColdError) {
        try transaction { () throws(SQLiteError) in
            try connection.execute("PRAGMA incremental_vacuum(\(pages))")
        }
    }

    /// Brings the next rows together that lie in half-empty pages.
    /// - Returns: how many pages are free now; `nil` if there are none left.
    func compact() throws(ColdError) -> Int? {
        do throws(SQLiteError) {
            if compactor == nil { compactor = try PageCompactor(connection) }
            var isMarked = false
            let freed = try compactor?.compact(connection) { () throws(SQLiteError) in
                try mark()
                isMarked = true
            }
            if isMarked { chain.committed() }
            return freed
        } catch {
            throw ColdError(error)
        }
    }

    func pages() throws(ColdError) -> (all: Int64, free: Int64) {
        do throws(SQLiteError) {
            return (try Self.number(pageCount), try Self.number(freePages))
        } catch {
            throw ColdError(error)
        }
    }

    private static func number(_ statement: borrowing Statement) throws(SQLiteError) -> Int64 {
        guard try statement.step() else { return 0 }
        defer { statement.reset() }
        return statement.integer(0)
    }
}
