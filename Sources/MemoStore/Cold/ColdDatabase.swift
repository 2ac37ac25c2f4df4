internal import Glibc
internal import Platform
internal import SQLite
internal import Synchronization

/// The cold tier's database: opened, committed to, and closed by one thread at a time, the store's writer.
/// Readers and backups have connections of their own.
///
/// After an `.io` error nothing is written before `reopen`. `.corrupt` may have been misread once: it is final where a
/// second try after `reopen` finds it again, or `reopen` itself does; then there is only `startEmpty`, and every row is
/// to be forgotten.
///
/// Unchecked, because other threads only use what does not change: `path`, `clock`, `options`, `makeReader`,
/// `makeScrub` and `backup`.
final class ColdDatabase: @unchecked Sendable {
    let path: DatabasePath
    let clock: StoreClock
    /// When the last run made its last commit, by the wall clock.
    let lastWallMs: Int64?
    /// Where a damaged database was moved to by `open`, and what was wrong with it.
    private(set) var quarantined: (path: String, reason: String)?
    /// What else is worth saying about what `open` found.
    private(set) var remarks: [String] = []

    private let options: ColdOptions
    let source: ClockSource
    let ballast: Ballast
    private let holding: Lock<Holding>
    private(set) var writer: ColdWriter?
    private let witness: CommitWitness
    private let boot: UInt64
    /// The commits of this process; while `writer` is there, it has them.
    private var chain: CommitChain
    /// Commits up to this one are synced.
    private var synced: UInt64 = 0
    /// A new database is needed, and not there yet.
    private(set) var isRebuilding = false
    /// Where the old one went meanwhile.
    private var movedAside: String?
    /// How often it was opened anew.
    private let openings = Atomic<Int>(0)
    var compaction = Compaction()
    /// When deleted rows are taken out and others compacted again, which failed.
    var idleWorkResumes: Int64 = 0

    /// What is this process's own, as long as no one removes or replaces it.
    private struct Holding: ~Copyable {
        var lock: DatabaseLock?
        /// Of the database itself.
        var own: DatabaseLock?
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

    /// Opens the database, or makes it if there is none. A damaged one is moved aside first.
    ///
    /// - Throws: `.locked` if another process has it; `.newer`, `.refused` and `.readOnly`, all of which
    ///   leave it untouched.
    init(_ options: ColdOptions, source: ClockSource) throws(ColdError) {
        self.options = options
        self.source = source
        path = try DatabasePath(options.path)
        let lock = try DatabaseLock(path: path.lock)
        let own = try DatabaseLock(database: path.database)
        ballast = Ballast(path: path.ballast, directory: path.directory)
        witness = CommitWitness(path: path.witness)
        boot = Checksum.of(source.boot, seed: 0)
        let opened = try Self.open(path, options, witness, boot: boot, wallMs: source.wallMs())
        writer = opened.writer
        chain = opened.writer.chain
        synced = opened.synced
        remarks = opened.remarks
        holding = Lock(
            Holding(
                lock: lock, own: own, file: opened.file, leastBytes: opened.file.bytes,
                log: DatabaseFile(path.log)))
        quarantined = opened.quarantined
        clock = StoreClock(source: source, saved: opened.writer.clock)
        lastWallMs = opened.writer.clock?.lastWallMs
        try holdOwn()
        ballast.restore()
        bearWitness()
    }

    /// Saves the clock if the database has that of another boot, or none: within this one the offset has to be known,
    /// whatever the wall clock says after a crash.
    func saveClock() throws(ColdError) {
        try writing { writer throws(ColdError) in
            if writer.isMarked, writer.clock?.boot == source.boot { return }
            writer.clock = clock.state()
            try writer.transaction { () throws(SQLiteError) in }
        }
    }

    /// Runs what writes. After a failed write or sync no one knows what is on the disk, so the connection is
    /// given up: nothing more is written before `reopen`.
    func writing<Result>(_ body: (ColdWriter) throws(ColdError) -> Result) throws(ColdError) -> Result {
        guard let writer else { throw ColdError(.io, "the database is closed after a failure") }
        do throws(ColdError) {
            let result = try body(writer)
            chain = writer.chain
            if options.durability == .full { synced = chain.newest.number }
            if witness.state?.mark.isSameCommit(as: chain.newest) != true { try witness.write(left) }
            return result
        } catch {
            chain = writer.chain
            if error.failure == .io { self.writer = nil }
            throw error
        }
    }

    /// What the witness is to say.
    private var left: CommitWitness.State {
        CommitWitness.State(mark: chain.newest, synced: synced, boot: boot)
    }

    /// Says in which state the database is now. If that fails the next commit does.
    private func bearWitness() { try? witness.write(left) }

    /// Streams what the database knows, keys and values excepted: functions and tags in the order of their
    /// numbers, entries in the order of their rows, then the access journal, oldest first. Called once, before
    /// the first commit.
    ///
    /// - Throws: `.corrupt` half way through: forget what was streamed, `startEmpty`, and load again.
    func load(
        function: (FunctionRow) -> Void, tag: (TagRow) -> Void,
        history: (HistoryRow) -> Void = { _ in },
        mismatch: (MismatchRow) -> Void = { _ in }, remote: (RemoteRow) -> Void = { _ in },
        snapshot: ((UInt64, UInt64)) -> SnapshotContext? = { _ in nil },
        entry: (EntryHead) -> Void, uses: (Int64) -> Void
    ) throws(ColdError) -> ColdLoad {
        try writing { writer throws(ColdError) in
            try writer.load(
                function: function, tag: tag, history: history, mismatch: mismatch, remote: remote,
                snapshot: snapshot, entry: entry, uses: uses)
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
            let cancelled = CancelledChanges(writes, next: writer.next)
            let growth = DiskSpace.growth(of: writes, cancelled: cancelled.rows)
            let tombstones = !diskIsScarce && writer.deleted.count < ColdOptions.tombstonesHardMax
            if growth > 0 { try ensureSpace(for: growth, writer) }
            try findingRoom(writer, repeats: growth == 0) { isRepeated throws(ColdError) in
                try writer.commit(
                    writes, cancelled: cancelled, tombstones: tombstones && !isRepeated, clock: clock.state())
            }
        }
    }

    /// Moves the log into the database. A log that cannot be moved is in the way of everything, deletions included:
    /// then this is what the ballast is for.
    /// - Returns: how many pages are only in the log.
    @discardableResult
    func checkpoint(_ writer: ColdWriter) throws(ColdError) -> Int64 {
        let isWhole = holding.withLock { holding in
            defer { holding.leastBytes = 0 }
            return holding.isWhole(at: path.database)
        }
        // What follows is written to a file that ends too early, and would make it pass for a whole one.
        guard isWhole else { throw ColdError(.corrupt, "\(path.database) was cut or removed") }
        defer { holding.withLock { $0.leastBytes = DatabaseFile(path.database)?.bytes ?? 0 } }
        let unmoved: Int64
        do throws(ColdError) {
            unmoved = try writer.checkpoint()
        } catch {
            guard error.failure == .full, ballast.isHeld else { throw error }
            ballast.release()
            unmoved = try writer.checkpoint()
        }
        // Log and database were synced for it.
        if unmoved == 0 { synced = writer.chain.newest.number }
        return unmoved
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

    /// What someone removed, replaced or cut, asked from any thread. `.corrupt`: the database, and what is written there is
    /// lost. `.io`: only its lock, and another memod may take it; or its log, and what is in it is lost with this
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

    /// Moves a log that was removed into the database while its last connection is open: no one else has what is in it.
    /// - Returns: whether it was removed.
    /// - Throws: `.corrupt` if that is not possible.
    private func rescueLog() throws(ColdError) -> Bool {
        guard let log = holding.withLock({ $0.log }), !log.isStill(at: path.log), let writer else {
            return false
        }
        guard (try? writer.checkpoint()) == 0 else { throw ColdError(.corrupt, "its log is gone") }
        return true
    }

    /// Takes the lock again if it is another file now.
    /// - Throws: `.locked` if another process has it by now: then the files at these paths are its own.
    private func renewLock() throws(ColdError) {
        if holding.withLock({ $0.lock?.isStill(at: path.lock) == true }) { return }
        var lock: DatabaseLock? = try DatabaseLock(path: path.lock)
        holding.withLock { swap(&$0.lock, &lock) }
    }

    /// Locks the database that is there now, if it is another one than was.
    private func holdOwn() throws(ColdError) {
        if holding.withLock({ $0.own?.isStill(at: path.database) == true }) { return }
        var own = try DatabaseLock(database: path.database)
        holding.withLock { swap(&$0.own, &own) }
    }

    /// What this process may still write to the file system; `nil` if it does not say.
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
    /// - Throws: `.corrupt` if the file did not survive; any other error if it is not usable yet: the
    ///   database stays closed, and reopening may be tried again.
    @discardableResult
    func reopen() throws(ColdError) -> Bool {
        let isRescued = try rescueLog()
        writer = nil
        openings.wrappingAdd(1, ordering: .relaxed)
        // Only its inode is looked at: readers may still have the file open, whose locks a look inside of it
        // would end.
        try renewLock()
        guard isInPlace else { throw ColdError(.corrupt, "\(path.database) is gone") }
        let writer = try ColdWriter(path, options, wallMs: source.wallMs())
        guard try writer.meta.seed() != nil else { throw ColdError(.corrupt, "its seed is missing") }
        // What a failed write or sync left is unknown: the newest commit that was acknowledged has to be there.
        let found = writer.chain.newest
        if writer.isMarked || chain.newest.number > 0 {
            guard chain.resume(from: found) else {
                throw ColdError(
                    .corrupt,
                    "its newest commit is number \(found.number), and not \(chain.newest.number), which was made"
                )
            }
            writer.chain = chain
        }
        try writer.checkEdge()
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
    ///   `nil` if there are none.
    /// - Returns: where the old one is, or `nil` if it was gone.
    @discardableResult
    func startEmpty(seed: [UInt64]? = nil) throws(ColdError) -> String? {
        writer = nil
        openings.wrappingAdd(1, ordering: .relaxed)
        isRebuilding = true
        try renewLock()
        movedAside = try Quarantine.moveAside(path) ?? movedAside
        do throws(ColdError) {
            try Self.create(path, options, wallMs: source.wallMs(), seed: seed)
            try adopt(ColdWriter(path, options, wallMs: source.wallMs()))
        } catch {
            // Nothing is in it yet, and it must not pass for what was there.
            for part in ["-wal", "-shm", ""] { unlink(path.database + part) }
            throw error
        }
        isRebuilding = false
        idleWorkResumes = 0
        compaction = Compaction()
        defer { movedAside = nil }
        return movedAside
    }

    private func adopt(_ writer: ColdWriter) throws(ColdError) {
        let opened = try Opened(writer, at: path)
        try holdOwn()
        self.writer = opened.writer
        chain = writer.chain
        // A new database was synced when it was made, one that was reopened when its log was moved.
        synced = chain.newest.number
        bearWitness()
        holding.withLock { holding in
            holding.file = opened.file
            holding.leastBytes = opened.file.bytes
            holding.log = DatabaseFile(path.log)
        }
    }

    /// Moves the log into the database, removes it, and lets the lock go, whether or not that succeeds.
    /// - Returns: false if another process reads the database: the log stays beside it.
    @discardableResult
    func close() throws(ColdError) -> Bool {
        defer {
            writer = nil
            holding.withLock { holding in
                holding.own = nil
                holding.lock = nil
            }
        }
        guard let writer else { return true }
        let isMoved = try writer.finish()
        if isMoved {
            synced = writer.chain.newest.number
            bearWitness()
            witness.sync()
        }
        return isMoved
    }
}
