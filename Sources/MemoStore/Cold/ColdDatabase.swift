internal import Glibc
internal import SQLite
internal import Synchronization

/// The cold tier's database: opened, committed to, and closed by one thread at a time, the store's writer.
/// Readers and backups have connections of their own.
///
/// After an `.io` error nothing is written before `reopen`; after `.corrupt` there is only `startEmpty`, and every
/// row is to be forgotten.
///
/// Unchecked, because other threads only use what does not change: `path`, `clock`, `options`, `makeReader`,
/// `makeScrub` and `backup`.
final class ColdDatabase: @unchecked Sendable {
    let path: DatabasePath
    let clock: StoreClock
    /// Where a damaged database was moved to by `open`, and what was wrong with it.
    private(set) var quarantined: (path: String, reason: String)?

    private let options: ColdOptions
    let source: ClockSource
    private let ballast: Ballast
    private let holding: Mutex<Holding>
    private(set) var writer: ColdWriter?
    /// How often it was opened anew.
    private let openings = Atomic<Int>(0)
    var compaction = Compaction()
    /// When deleted rows are taken out and others compacted again, which failed.
    var idleWorkResumes: Int64 = 0

    /// What is this process's own, as long as nobody removes or replaces it.
    private struct Holding: ~Copyable {
        var lock: DatabaseLock?
        var file: DatabaseFile
        /// No less than this is in the file; 0 while the log is moved into it, which may also shorten it.
        var leastBytes: Int64
        /// Made when the database is first read.
        var log: DatabaseFile?

        func isWhole(at path: String) -> Bool {
            guard let now = DatabaseFile(path) else { return false }
            return now.isSame(as: file) && now.bytes >= leastBytes
        }
    }

    /// Opens the database, or makes it where there is none. A damaged one is moved aside first.
    ///
    /// - Throws: `.locked` where another process has it; `.newer`, `.refused` and `.readOnly`, all of which
    ///   leave it untouched.
    init(_ options: ColdOptions, source: ClockSource) throws(ColdError) {
        self.options = options
        self.source = source
        path = try DatabasePath(options.path)
        let lock = try DatabaseLock(path: path.lock)
        ballast = Ballast(path: path.ballast, directory: path.directory)
        let opened = try Self.open(path, options, wallMs: source.wallMs())
        writer = opened.writer
        holding = Mutex(
            Holding(
                lock: lock, file: opened.file, leastBytes: opened.file.bytes, log: DatabaseFile(path.log)))
        quarantined = opened.quarantined
        clock = StoreClock(source: source, saved: opened.clock)
        ballast.restore()
    }

    private struct Opened {
        let writer: ColdWriter
        let file: DatabaseFile
        let clock: StoreClock.State?
        let quarantined: (path: String, reason: String)?
    }

    private static func open(
        _ path: DatabasePath, _ options: ColdOptions, wallMs: Int64
    ) throws(ColdError) -> Opened {
        var reason: String?
        do throws(ColdError) {
            switch try preflight(path, options) {
            case .absent: reason = "its log was there without it"
            case .damaged(let what): reason = what
            case .sound, .foreign:
                let writer = try ColdWriter(path, options, wallMs: wallMs)
                let clock = try writer.meta.clock()
                return try opened(path, writer, clock, quarantined: nil)
            }
        } catch {
            guard error.failure == .corrupt else { throw error }
            reason = error.message
        }
        let moved = try Quarantine.moveAside(path)
        try create(path, options, wallMs: wallMs)
        let writer = try ColdWriter(path, options, wallMs: wallMs)
        return try opened(path, writer, nil, quarantined: moved.map { ($0, reason ?? "") })
    }

    private static func opened(
        _ path: DatabasePath, _ writer: ColdWriter, _ clock: StoreClock.State?,
        quarantined: (path: String, reason: String)?
    ) throws(ColdError) -> Opened {
        guard let file = DatabaseFile(path.database) else {
            throw ColdError(.other, "\(path.database) went away while it was opened")
        }
        return Opened(writer: writer, file: file, clock: clock, quarantined: quarantined)
    }

    /// Looks at the file without changing anything, not even making a log beside it.
    private static func preflight(
        _ path: DatabasePath, _ options: ColdOptions
    ) throws(ColdError) -> DatabaseFile.State {
        let state = try DatabaseFile.inspect(path)
        guard state == .sound || state == .foreign else { return state }
        let verdict: ColdError?
        do {
            let connection = try Connection(path: path.database, mode: .immutable)
            _ = try options.schema.verify(connection)
            verdict = nil
        } catch {
            verdict = ColdError(any: error)
        }
        switch (state, verdict?.failure) {
        case (.foreign, nil): return .damaged("its application id is damaged")
        case (.foreign, _): throw ColdError(.refused, "\(path.database) is a database of another program")
        case (_, nil): return state
        case (_, .corrupt?):
            // With a log the file alone may make no sense; the writer looks again with both.
            guard DatabaseFile(path.log).map({ $0.bytes > 0 }) ?? false else {
                return .damaged(verdict?.message ?? "")
            }
            return state
        default: throw verdict ?? ColdError(.other, "")
        }
    }

    /// Makes the new database under another name and moves it into place when it is complete, so that an empty
    /// file under the real name is always damage.
    /// - Parameter seed: of the keys' hash; another one where there is none.
    private static func create(
        _ path: DatabasePath, _ options: ColdOptions, wallMs: Int64, seed: [UInt64]? = nil
    ) throws(ColdError) {
        for leftover in [path.new, path.new + "-wal", path.new + "-shm", path.new + "-journal"] {
            unlink(leftover)
        }
        let descriptor = Glibc.open(path.new, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ColdError(errno: errno, doing: "make \(path.new)") }
        Glibc.close(descriptor)
        try ColdWriter.create(path.new, options, wallMs: wallMs, seed: seed ?? MetaTable.randomSeed())
        guard rename(path.new, path.database) == 0 else {
            throw ColdError(errno: errno, doing: "make \(path.database)")
        }
        try syncDirectory(path)
    }

    private static func syncDirectory(_ path: DatabasePath) throws(ColdError) {
        let descriptor = Glibc.open(path.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ColdError(errno: errno, doing: "open \(path.directory)") }
        defer { Glibc.close(descriptor) }
        // Some file systems cannot sync a directory, and say so with EINVAL.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw ColdError(errno: errno, doing: "sync \(path.directory)")
        }
    }

    /// Runs what writes. After a failed write or sync nobody knows what is on the disk, so the connection is
    /// given up: nothing more is written before `reopen`.
    func writing<Result>(_ body: (ColdWriter) throws(ColdError) -> Result) throws(ColdError) -> Result {
        guard let writer else { throw ColdError(.io, "the database is closed after a failure") }
        do throws(ColdError) {
            return try body(writer)
        } catch {
            if error.failure == .io { self.writer = nil }
            throw error
        }
    }

    /// Streams what the database knows, keys and values excepted: functions and tags in the order of their
    /// numbers, entries in the order of their rows, then the access journal, oldest first. Called once, before
    /// the first commit.
    ///
    /// - Throws: `.corrupt` half way through: forget what was streamed, `startEmpty`, and load again.
    func load(
        function: (FunctionRow) -> Void, tag: (TagRow) -> Void,
        snapshot: ((UInt64, UInt64)) -> SnapshotContext? = { _ in nil },
        entry: (EntryHead) -> Void, uses: (Int64) -> Void
    ) throws(ColdError) -> ColdLoad {
        try writing { writer throws(ColdError) in
            try writer.load(function: function, tag: tag, snapshot: snapshot, entry: entry, uses: uses)
        }
    }

    /// Says that a snapshot of the index with this stamp is there; the next commit takes that back.
    func commit(snapshotStamp stamp: (UInt64, UInt64)) throws(ColdError) {
        try writing { writer throws(ColdError) in try writer.commit(snapshotStamp: stamp) }
    }

    /// Makes all changes in one transaction, or none of them. Payloads are read, not retained.
    ///
    /// - Throws: `.full`: nothing was written, and only commits that insert nothing may succeed until there is
    ///   room: delete some hundreds of entries at a time; anything else as the type says.
    func commit(_ writes: ContiguousArray<StoreChange>) throws(ColdError) {
        try writing { writer throws(ColdError) in
            let cancelled = writer.cancelledInserts(writes)
            let growth = DiskSpace.growth(of: writes, cancelled: cancelled)
            let tombstones = !diskIsScarce && writer.deleted.count < ColdOptions.tombstonesHardMax
            if growth > 0 { try makeRoom(growth, writer) }
            try findingRoom(writer, repeats: growth == 0) { isRepeated throws(ColdError) in
                try writer.commit(
                    writes, cancelled: cancelled, tombstones: tombstones && !isRepeated, clock: clock.state())
            }
        }
    }

    /// Runs what deletes, and once more where the disk is full: room for a deletion is found in the log, once it is
    /// moved, and then in the ballast.
    /// - Parameter repeats: false for what needs more room than that.
    func findingRoom<Result>(
        _ writer: ColdWriter, repeats: Bool = true, _ body: (_ isRepeated: Bool) throws(ColdError) -> Result
    ) throws(ColdError) -> Result {
        do throws(ColdError) {
            return try body(false)
        } catch {
            guard error.failure == .full else { throw error }
            ballast.release()
            try checkpoint(writer)
            guard repeats else { throw error }
            return try body(true)
        }
    }

    /// Takes out what was deleted before, and deletes entries, while the disk is full: a few in each transaction, since
    /// every one may touch two pages that have to be logged first, and the log is moved in between.
    ///
    /// - Throws: what `commit` throws; some of the entries may be deleted then.
    func makeRoom(deleting rows: [Int64]) throws(ColdError) {
        while try takeOutDeleted(rows: Self.rowsPerDeletion) > 0 { try moveLongLog(true) }
        let rows = rows.sorted()
        for start in stride(from: 0, to: rows.count, by: Self.rowsPerDeletion) {
            let slice = rows[start..<min(start + Self.rowsPerDeletion, rows.count)]
            try commit(ContiguousArray(slice.map { .delete(row: $0) }))
            try maintain()
        }
        try writing { writer throws(ColdError) in try giveBack(writer) }
    }

    /// Pages that are free within the file are of no use to the log, which needs room of its own beside it.
    private func giveBack(_ writer: ColdWriter) throws(ColdError) {
        for _ in 0..<Self.returnsMax {
            guard try checkpoint(writer) == 0, try writer.pages().free > 0 else { return }
            do throws(ColdError) {
                try writer.vacuum(pages: Self.pagesPerReturn)
            } catch {
                // What was given back before stays so.
                guard error.failure == .full else { throw error }
                return
            }
        }
        try checkpoint(writer)
    }

    /// Few at once: each may have to be logged, where there is hardly any room.
    private static let pagesPerReturn = 32
    private static let returnsMax = 32

    /// As many as the small ballast has room to log.
    static let rowsPerDeletion = 100

    /// - Throws: `.full` where there is no room for the log and the database to grow by so many bytes.
    private func makeRoom(_ growth: Int64, _ writer: ColdWriter) throws(ColdError) {
        guard var available = DiskSpace.available(below: path.directory) else { return }
        var logged = writer.logFrames * DiskSpace.frameBytes
        if available >= 2 * growth + logged { return }
        let unmoved = try checkpoint(writer) * DiskSpace.frameBytes
        // The database has just grown by what was moved.
        available = DiskSpace.available(below: path.directory) ?? available
        // A log that is moved as a whole is written from its beginning again.
        logged = unmoved == 0 ? 0 : writer.logFrames * DiskSpace.frameBytes
        let free = try writer.pages().free * Int64(ColdOptions.pageBytes)
        let logBytes = DatabaseFile(path.log)?.bytes ?? 0
        // What is in the log alone may need pages that the file has not got, however many others are free in it.
        let needed = unmoved + max(0, growth - free) + max(0, logged + growth - logBytes)
        if available < needed {
            throw ColdError(.full, "the disk is full: \(available) bytes left, \(needed) needed")
        }
    }

    /// Moves the log into the database. A log that cannot be moved is in the way of everything, deletions included:
    /// then this is what the ballast is for.
    /// - Returns: how many pages are left in the log alone.
    @discardableResult
    func checkpoint(_ writer: ColdWriter) throws(ColdError) -> Int64 {
        let isWhole = holding.withLock { holding in
            defer { holding.leastBytes = 0 }
            return holding.isWhole(at: path.database)
        }
        // What follows is written to a file that ends too early, and would make it pass for a whole one.
        guard isWhole else { throw ColdError(.corrupt, "\(path.database) was cut or removed") }
        defer { holding.withLock { $0.leastBytes = DatabaseFile(path.database)?.bytes ?? 0 } }
        do throws(ColdError) {
            return try writer.checkpoint()
        } catch {
            guard error.failure == .full, ballast.isHeld else { throw error }
            ballast.release()
            return try writer.checkpoint()
        }
    }

    /// Pages in the log.
    var logFrames: Int64 { writer?.logFrames ?? 0 }

    /// Gives back what the writer's page cache holds.
    func releaseMemory() { try? writing { writer throws(ColdError) in writer.connection.releaseMemory() } }

    /// Takes the ballast again if the disk has room. To be tried now and then after a full disk.
    /// - Returns: whether it is held.
    func restoreBallast() -> Bool { ballast.restore() }

    /// Bytes of the database and its log on disk, and those of them that are free for new entries.
    func size() throws(ColdError) -> (file: Int64, log: Int64, free: Int64) {
        let pages = try writing { writer throws(ColdError) in try writer.pages() }
        let pageBytes = Int64(ColdOptions.pageBytes)
        return (pages.all * pageBytes, DatabaseFile(path.log)?.bytes ?? 0, pages.free * pageBytes)
    }

    /// Rows in the access journal, repeats counted: worth replacing by an `order` when there are many more
    /// than entries.
    var journalRows: Int { writer?.journalRows ?? 0 }

    /// What sharing equal values saves on disk.
    var interning: InterningFigures { writer?.sharing.figures ?? InterningFigures() }

    /// What somebody removed, replaced or cut, asked from any thread. `.corrupt`: the database, and what is written there is
    /// lost. `.io`: its lock alone, and another memod may take it; or its log, and what is in it is lost with this
    /// process.
    func findLoss() -> ColdFailure? {
        holding.withLock { holding in
            if !holding.isWhole(at: path.database) { return .corrupt }
            if holding.lock?.isStill(at: path.lock) == false { return .io }
            guard let log = holding.log else {
                holding.log = DatabaseFile(path.log)
                return nil
            }
            return log.isStill(at: path.log) ? nil : .io
        }
    }

    private var isInPlace: Bool {
        holding.withLock { $0.file }.isStill(at: path.database)
    }

    /// Moves a log that was removed into the database while its last connection is open: nobody else has what is in it.
    /// - Returns: whether it was removed.
    /// - Throws: `.corrupt` where that is not possible.
    private func rescueLog() throws(ColdError) -> Bool {
        guard let log = holding.withLock({ $0.log }), !log.isStill(at: path.log), let writer else {
            return false
        }
        guard (try? writer.checkpoint()) == 0 else { throw ColdError(.corrupt, "its log is gone") }
        return true
    }

    /// Takes the lock again where it is another file now.
    /// - Throws: `.locked` where another process has it by now: then the files at these paths are its own.
    private func renewLock() throws(ColdError) {
        if holding.withLock({ $0.lock?.isStill(at: path.lock) == true }) { return }
        var lock: DatabaseLock? = try DatabaseLock(path: path.lock)
        holding.withLock { swap(&$0.lock, &lock) }
    }

    /// What this process may still write to the file system; `nil` where it does not say.
    func freeBytes() -> Int64? { DiskSpace.available(below: path.directory) }

    /// A connection for a thread that reads. After `reopen` and `startEmpty` each thread needs a new one: an old
    /// one reads the old file.
    /// - Parameter waits: for locks, rather than failing.
    func makeReader(waits: Bool = true) throws(ColdError) -> ColdReader {
        try ColdReader(path, waits: waits)
    }

    /// A connection for the thread that checks the file in the background.
    func makeScrub() throws(ColdError) -> ColdScrub { try ColdScrub(path) }

    /// Copies the database to a path that does not exist yet. May be called from any thread; a `reopen` or
    /// `startEmpty` meanwhile ends it.
    func backup(to target: String, isCancelled: () -> Bool = { false }) throws(ColdError) {
        let opening = openings.load(ordering: .relaxed)
        try ColdBackup.write(path, to: target) {
            isCancelled() || openings.load(ordering: .relaxed) != opening
        }
    }

    /// After a failed write or sync: closes and opens again, and moves the whole log into the database, so that
    /// nothing that the failure left unwritten is trusted. What was committed is still there; of the commit that
    /// failed either all is or nothing, and it may be repeated.
    ///
    /// - Returns: whether its log had been removed, and what was in it was saved.
    /// - Throws: `.corrupt` where the file did not survive; any other error where it is not usable yet: the
    ///   database stays closed, and reopening may be tried again.
    @discardableResult
    func reopen() throws(ColdError) -> Bool {
        let isRescued = try rescueLog()
        writer = nil
        openings.wrappingAdd(1, ordering: .relaxed)
        // Its inode alone is looked at: readers may still have the file open, whose locks a look inside of it
        // would end.
        try renewLock()
        guard isInPlace else { throw ColdError(.corrupt, "\(path.database) is gone") }
        let writer = try ColdWriter(path, options, wallMs: source.wallMs())
        guard try writer.meta.seed() != nil else { throw ColdError(.corrupt, "its seed is missing") }
        try writer.resume()
        let needed = try writer.pages().all * Int64(ColdOptions.pageBytes)
        guard let bytes = DatabaseFile(path.database)?.bytes, bytes >= needed else {
            throw ColdError(.corrupt, "it is truncated: \(needed) bytes are needed")
        }
        try adopt(writer)
        return isRescued
    }

    /// Moves the database aside, whatever is wrong with it, and opens an empty one. The clock goes on.
    /// - Parameter seed: of the hash by which entries in memory are found, which the new database is to have too;
    ///   `nil` where there are none.
    /// - Returns: where the old one is, or `nil` if it was gone.
    @discardableResult
    func startEmpty(seed: [UInt64]? = nil) throws(ColdError) -> String? {
        writer = nil
        openings.wrappingAdd(1, ordering: .relaxed)
        try renewLock()
        let moved = try Quarantine.moveAside(path)
        try Self.create(path, options, wallMs: source.wallMs(), seed: seed)
        try adopt(ColdWriter(path, options, wallMs: source.wallMs()))
        idleWorkResumes = 0
        compaction = Compaction()
        return moved
    }

    private func adopt(_ writer: ColdWriter) throws(ColdError) {
        let opened = try Self.opened(path, writer, nil, quarantined: nil)
        self.writer = opened.writer
        holding.withLock { holding in
            holding.file = opened.file
            holding.leastBytes = opened.file.bytes
            holding.log = DatabaseFile(path.log)
        }
    }

    /// Moves the log into the database, removes it, and lets the lock go, whether or not that succeeds.
    /// - Returns: false where another process reads the database: the log stays beside it.
    @discardableResult
    func close() throws(ColdError) -> Bool {
        defer {
            writer = nil
            holding.withLock { $0.lock = nil }
        }
        return try writer?.finish() ?? true
    }
}
