internal import Glibc
internal import MemoRegion
package import Platform
package import RemoteLink
internal import Synchronization

/// The cache: its state under one lock, and the threads that keep the database in step with it.
///
/// - Only the writer's thread commits and checkpoints.
/// - Readers' threads read rows that are not in memory.
/// - The maintenance thread sweeps, flushes counters, and warms the hot tier up after a start.
///
/// No thread holds the lock while it reads or writes the disk.
package final class Store: Sendable {
    /// The version of the databases that it makes.
    package static var schemaVersion: Int { Schema.current.migrations.count }

    let core: Lock<StoreCore>
    /// The state's, for what it does without the lock.
    let interned: InternTable
    package let configuration: StoreConfiguration
    /// While it lives, readers of the published regions know that this process does.
    private let keeper: RegionKeeper?
    let clock: StoreClock
    let database: ColdDatabase
    let readers: ReaderThreads
    let writerSignal = Signal()
    let maintenanceSignal = Signal()
    let checkSignal = Signal()
    let isClosing = Atomic(false)
    /// The check under way. Locked while a slice is checked, and while the database is copied or opened anew.
    let databaseUse = Lock<ColdScrub?>(nil)
    let conditionBox = Lock(DatabaseCondition())
    let warmUp = WarmUp()
    let advice: Lock<ReuseModels>
    private let eventsBox = Lock<StoreEvents?>(nil)
    private let threads = Lock<[Thread]>([])
    /// When the writer last finished or had nothing to do, in ms since boot; for a watchdog.
    let writerAlive: Atomic<Int64>

    /// Opens the database, loads what memory has to know of it, and starts no thread yet.
    /// - Parameter log: told of what was found amiss and mended.
    /// - Throws: if the database cannot be used; it is as it was then.
    package init(
        _ configuration: StoreConfiguration, log: (_ isSerious: Bool, String) -> Void
    ) throws(ColdError) {
        self.configuration = configuration
        var options = ColdOptions(path: configuration.databasePath)
        options.durability = configuration.durability
        options.interning = configuration.interning
        database = try ColdDatabase(options, source: try ClockSource.system())
        clock = database.clock
        advice = Lock(ReuseModels(now: clock.now()))
        writerAlive = Atomic(clock.now())
        if let (path, reason) = database.quarantined {
            log(true, "the database was damaged (\(reason)); it is now \(path), and the cache starts empty")
        }
        for remark in database.remarks { log(true, remark) }
        readers = ReaderThreads(
            count: configuration.limits.readerThreads, capacity: configuration.limits.coldReadsMax)
        var core = try Self.load(database, configuration, log: log)
        keeper = core.beginRegions(
            bytes: configuration.sharedBytes, isolatesOwners: configuration.isolatesOwners,
            bootOffset: clock.bootOffset)
        interned = core.hot.interned
        self.core = Lock(core)
    }

    /// What clients know this start by.
    package var regionInstance: String? { keeper?.instanceText }

    /// The page that says whether this process lives, for those who map a region. The descriptor stays the store's.
    package var regionControl: Int32? { keeper?.descriptor }

    private static func load(
        _ database: ColdDatabase, _ configuration: StoreConfiguration,
        log: (_ isSerious: Bool, String) -> Void
    ) throws(ColdError) -> StoreCore {
        var tries = 1
        var wasDamaged = false
        while true {
            guard
                var core = StoreCore(
                    hotBytes: configuration.hotBytes, coldBytes: configuration.coldBytes,
                    interning: configuration.interning, limits: configuration.limits, random: RandomSource())
            else {
                throw ColdError(
                    .other,
                    "there is no address space for an index of \(configuration.limits.entriesMax) entries")
            }
            core.now = database.clock.now()
            // What happened before the end of the last run belongs to its time.
            core.statistics.history.wallOffset = (database.lastWallMs ?? database.clock.wallNow()) - core.now
            do throws(ColdError) {
                let index = IndexSnapshot.path(database.path)
                let load = try database.load(
                    function: { core.load($0) }, tag: { core.load($0) }, history: { core.load($0) },
                    mismatch: { core.load($0) },
                    remote: { core.load($0) },
                    snapshot: { core.readSnapshot(from: index, stamp: $0) },
                    entry: { core.load($0) }, uses: { core.load(uses: CollectionOfOne($0)) })
                unlink(index)
                guard
                    core.finishLoad(
                        seed: (load.seed[0], load.seed[1]), totals: load.totals, nextRow: load.nextRow,
                        garbage: load.garbage)
                else { throw ColdError(.other, "there is no memory for an index of all entries") }
                core.reserveNumbers(function: load.nextFunction, tag: load.nextTag)
                core.resizeLoaded()
                core.statistics.history.wallOffset = database.clock.wallOffset()
                // No one has waited for this.
                core.work = WorkMeter()
                core.cold.figures = ColdTier.Figures(
                    journalRows: database.journalRows, interning: database.interning)
                if load.damagedNotes > 0 || database.quarantined != nil { core.clearForLostNotes() }
                if load.damaged > 0 { log(true, "\(load.damaged) damaged rows were left out") }
                do throws(ColdError) {
                    try database.saveClock()
                } catch {
                    log(true, "the clock could not be saved: \(error.message)")
                }
                return core
            } catch {
                core.dispose()
                guard [.corrupt, .io].contains(error.failure), tries < triesMax else { throw error }
                tries += 1
                // What was read wrong is read again, past what SQLite remembers of it.
                if error.failure == .io || !wasDamaged {
                    wasDamaged = error.failure == .corrupt
                    usleep(UInt32(tries) * 20_000)
                    if (try? database.reopen()) != nil { continue }
                    if error.failure == .io { throw error }
                }
                let moved = try database.startEmpty()
                log(
                    true,
                    "the database was damaged (\(error.message)); it is now \(moved ?? "gone"), and the cache starts empty"
                )
            }
        }
    }

    private static var triesMax: Int { 6 }

    /// Starts the threads.
    /// - Parameter events: what those who serve connections are to be told.
    /// - Throws: if there are no threads left; the process is of no use then.
    package func start(_ events: StoreEvents) throws(SystemError) {
        eventsBox.withLock { $0 = events }
        try readers.start(database) { [self] replies in
            for reply in replies { reply.prepare(in: self) }
            if replies.contains(where: \.isCorrupt) { databaseLost(.corrupt, isConfirmed: true) }
            for reply in replies where reply.connection == WarmUp.connection { warmedUp(reply) }
            events.read(replies.filter { $0.connection != WarmUp.connection })
        }
        let started = [
            try Thread(name: "memod-writer") { [self] in write() },
            try Thread(name: "memod-maint") { [self] in maintain() },
            try Thread(name: "memod-check") { [self] in checkDatabase() },
        ]
        threads.withLock { $0 = started }
    }

    var events: StoreEvents? { eventsBox.withLock { $0 } }

    /// Runs `body` with the state, no one else having it meanwhile. It must not wait for anything.
    @inline(__always)
    package func perform(_ body: (inout StoreCore) -> Void) {
        let now = clock.now()
        let (wakesWriter, wakesMaintenance, wakesRemote, wakes) = core.withLock { core in
            core.advance(to: now)
            body(&core)
            core.work.end()
            return core.takeWakeups()
        }
        if wakesWriter { writerSignal.notify() }
        if wakesMaintenance { maintenanceSignal.notify() }
        if wakesRemote { events?.remote() }
        if !wakes.isEmpty { events?.wake(wakes) }
    }

    /// Takes out what is to be sent to the helper for other machines.
    /// - Parameter onlySmall: `nil` is returned where values are among it.
    package func takeRemoteRequests(onlySmall: Bool) -> [LinkRequest]? {
        core.withLock { $0.takeRemoteRequests(onlySmall: onlySmall) }
    }

    /// Waits until all changes made so far are committed, or cannot be.
    private func waitForCommit() {
        var sequence: UInt64 = 0
        perform { sequence = $0.needCommit() }
        let pause = Signal()
        while !isClosing.load(ordering: .acquiring),
            core.withLock({ $0.committedSequence < sequence && $0.degraded == nil })
        {
            pause.wait(ms: 1)
        }
    }

    /// Has rows read; what they have comes through `StoreEvents.read`.
    /// - Returns: how many of the requests were taken on, the first ones: not all if too many wait already.
    package func read(_ requests: [ColdRequest]) -> Int { readers.submit(requests) }

    /// Reads rows without waiting for the disk.
    /// - Parameters:
    ///   - loadedRows: to which what they have is added, which the caller gives back.
    ///   - bytes: about how much may yet be read; less what was.
    /// - Returns: false if not all of them are at hand; nothing is added then.
    package func readCached(
        _ request: ColdRequest, into loadedRows: inout [LoadedRow], _ bytes: inout Int
    ) -> Bool {
        readers.readCached(request, into: &loadedRows, &bytes)
    }

    /// Writes a consistent copy of the database, with all that was put before; takes its time.
    package func backup(to path: String) throws(ColdError) {
        waitForCommit()
        let outcome = databaseUse.withLock { _ in
            Result { () throws(ColdError) in
                try database.backup(to: path, isCancelled: { isClosing.load(ordering: .acquiring) })
            }
        }
        try outcome.get()
    }

    /// Changes the budgets; what is over them goes by and by.
    package func setBudgets(hotBytes: Int, coldBytes: Int) {
        perform { core in
            core.hot.limit = hotBytes
            core.cold.limit = coldBytes
            core.wakeups.callMaintenance()
        }
    }

    /// Whether the writer is not stuck: it finished something, or had nothing to do, within this time.
    package func isProgressing(withinMs: Int64) -> Bool {
        clock.now() - writerAlive.load(ordering: .relaxed) <= withinMs
    }

    /// Leaves the index in a file, so that the next start need not read all of it from the database.
    private func leaveSnapshot() {
        var kernel = SystemRandomNumberGenerator()
        let stamp = (kernel.next(), kernel.next())
        let context = SnapshotContext(
            stamp: stamp, figures: database.interning, journalRows: database.journalRows)
        let path = IndexSnapshot.path(database.path)
        let isWritten = core.withLock { $0.canSnapshot && $0.writeSnapshot(to: path, context) }
        guard isWritten else { return }
        do throws(ColdError) {
            try database.commit(snapshotStamp: stamp)
        } catch {
            // Without the stamp it is not used.
            unlink(path)
        }
    }

    /// How long the end waits for a disk that does nothing, and for one that does little.
    private static let deadDiskMs: Int64 = 5000
    private static let slowDiskMs: Int64 = 60_000

    /// Waits for a thread's end, as long as the disk is seen to do something for it, and not for ever.
    private func join(_ thread: Thread, until end: Int64) -> Bool {
        let began = clock.now()
        while !thread.join(withinMs: 50) {
            let now = clock.now()
            let lastSign = max(began, writerAlive.load(ordering: .relaxed))
            if now - lastSign > Self.deadDiskMs || now > end { return false }
        }
        return true
    }

    /// Commits everything, moves the log into the database and closes it. No one may use the store meanwhile.
    /// - Throws: if not everything could be committed. If the disk does not answer its threads are left as they are,
    ///   and the process can only end.
    package func close() throws(ColdError) {
        core.withLock { $0.endRegions("the daemon ends") }
        keeper?.close()
        isClosing.store(true, ordering: .releasing)
        writerSignal.notify()
        maintenanceSignal.notify()
        checkSignal.notify()
        let end = clock.now() + Self.slowDiskMs
        guard threads.withLock({ $0.allSatisfy { join($0, until: end) } }),
            readers.close(join: { join($0, until: end) })
        else {
            let (count, reason) = core.withLock { ($0.pipeline.pendingCount, $0.pipeline.stalled) }
            throw ColdError(
                .io, "\(count) changes are not on disk: \(reason ?? "it did not take them in time")")
        }
        threads.withLock { $0 = [] }
        databaseUse.withLock { $0 = nil }
        let failure = core.withLock { core in
            core.pipeline.isEmpty
                ? nil : (core.pipeline.pendingCount, core.degraded ?? "the writer did not finish")
        }
        if failure == nil { leaveSnapshot() }
        core.withLock { $0.dispose() }
        if try !database.close() {
            events?.log(
                false,
                "another process reads the database: its log stays beside it, with all that was written")
        }
        if let (count, reason) = failure {
            throw ColdError(.other, "the newest \(count) changes are not on disk: \(reason)")
        }
    }
}
