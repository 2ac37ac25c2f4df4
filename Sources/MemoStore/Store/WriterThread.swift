internal import CLinux
internal import Platform
internal import Synchronization

/// The writer's thread.
extension Store {
    /// How long to wait before the disk is tried again.
    private static let retryMs: Int64 = 500

    /// How often the last commit is tried on a full disk, on which each failure makes some room.
    private static let lastTriesMax = 16

    /// Commits of so many changes leave memory behind that is given back when none has followed for a while.
    private static let trimWrites = 1000
    private static let idleMs: Int64 = 1000

    /// What the writer's thread remembers from one commit to the next. Times are store time.
    private struct Progress {
        var lastTries = lastTriesMax
        /// When the disk is tried again that took nothing: whoever puts meanwhile does not hurry it.
        var retryDue: Int64 = 0
        /// When it is time for what is best done while nobody writes.
        var idleWorkDue: Int64?
        /// The last row that was committed.
        var row: Int64 = 0
        /// It was said, since the last success, that no room could be made.
        var saidNoRoom = false
    }

    func write() {
        // Pages that were free when the daemon ended are given back after its start.
        var progress = Progress(idleWorkDue: clock.now() + Self.idleMs)
        while true {
            let closing = isClosing.load(ordering: .acquiring)
            guard let due = commitDue(setsIdle: true) else {
                if closing, finishClosing() { return }
                writerSignal.wait(ms: closing ? 1 : idleWork(&progress.idleWorkDue))
                continue
            }
            let pause = max(due, closing ? 0 : progress.retryDue - clock.now())
            if pause > 0 {
                writerSignal.wait(ms: pause)
                continue
            }
            if !commit(&progress), closing {
                guard progress.lastTries > 0, core.withLock({ $0.lastFailure == .full }) else { return }
                progress.lastTries -= 1
            }
        }
    }

    /// In how many ms the next commit is due; `nil` where nothing waits. Asking shows that the writer is not stuck.
    private func commitDue(setsIdle: Bool = false) -> Int64? {
        writerAlive.store(clock.now(), ordering: .relaxed)
        return core.withLock { core in
            let due = core.commitDue(
                flushIntervalMs: configuration.flushIntervalMs,
                isClosing: isClosing.load(ordering: .acquiring), now: clock.now())
            if setsIdle { core.writerIsIdle = due == nil }
            return due
        }
    }

    /// Notes what is left to do once the daemon rests. Where entries are read alone their counters are committed
    /// each second, and this is rest too.
    private func noteIdleWork(_ batch: StoreCore.Batch, _ progress: inout Progress) {
        let isLong = database.logFrames >= ColdOptions.checkpointFramesWhenIdle
        let hasEntries = batch.row > progress.row
        progress.row = batch.row
        if batch.writes.count >= Self.trimWrites || (isLong && hasEntries)
            || (progress.idleWorkDue == nil
                && (isLong || database.hasTombstones || database.compaction.isUnderWay))
        {
            progress.idleWorkDue = clock.now() + Self.idleMs
        }
    }

    /// Once no entries follow: takes out deleted rows, moves the log into the database, and gives back what is free
    /// there, and what SQLite's cache and the allocator hold from large commits.
    /// - Returns: in how many ms that is due; `nil`: it is not.
    private func idleWork(_ due: inout Int64?) -> Int64? {
        guard let left = due.map({ $0 - clock.now() }) else { return nil }
        if left > 0 { return left }
        due = nil
        runIdleWork { () throws(ColdError) in
            try database.idleWork(live: Int64(core.withLock { $0.coldBytes })) {
                commitDue() == nil && !isClosing.load(ordering: .acquiring)
            }
        }
        database.releaseMemory()
        malloc_trim(0)
        return nil
    }

    /// The last commit: counters and the order of use of everything.
    /// - Returns: whether all is written.
    private func finishClosing() -> Bool {
        let isDone = core.withLock { core in
            if core.isFinished { return core.queue.isEmpty }
            core.finish()
            return false
        }
        return isDone
    }

    /// Commits what waits, and tells everybody.
    /// - Returns: false where it failed; the changes are kept for another try.
    private func commit(_ progress: inout Progress) -> Bool {
        let (batch, waiting) = core.withLock { core in (core.takeBatch(), core.takeWaitingForRoom()) }
        if !waiting.isEmpty { events?.wake(waiting) }
        let began = clock.now()
        do throws(ColdError) {
            if batch.isRetry, try recover() {
                lost(batch)
                return true
            }
            try database.commit(ContiguousArray(batch.writes))
        } catch {
            writerAlive.store(clock.now(), ordering: .relaxed)
            failed(batch, error, &progress)
            return false
        }
        noteIdleWork(batch, &progress)
        progress.retryDue = 0
        progress.saidNoRoom = false
        let disk = StoreCore.DiskFigures(journalRows: database.journalRows, interning: database.interning)
        let (wasDegraded, stillWaiting) = core.withLock { core in
            core.now = max(core.now, clock.now())
            core.disk = disk
            let wasDegraded = core.committed(
                batch, tookMs: clock.now() - began, flushIntervalMs: configuration.flushIntervalMs)
            return (wasDegraded, core.takeWaitingForRoom())
        }
        events?.committed(batch.sequence)
        if wasDegraded {
            _ = database.restoreBallast()
            events?.log(false, "the disk takes writes again")
        }
        if !stillWaiting.isEmpty { events?.wake(stillWaiting) }
        runIdleWork { () throws(ColdError) in
            try database.maintain {
                writerAlive.store(clock.now(), ordering: .relaxed)
                return !core.withLock { $0.isCommitAwaited } && !isClosing.load(ordering: .acquiring)
            }
            try database.compact(budget: Int64(core.withLock { $0.coldLimit })) {
                (commitDue() ?? 1) > 0 && !isClosing.load(ordering: .acquiring)
            }
        }
        return true
    }

    private func runIdleWork(_ work: () throws(ColdError) -> Void) {
        do throws(ColdError) {
            try work()
        } catch {
            events?.log(true, "the database could not be tidied up: \(error.message)")
            if error.failure != .full { databaseLost(error.failure) }
        }
    }

    /// After a failed write nothing that the connection believes is trusted: the database is opened anew.
    /// - Returns: whether it was lost, and a new one is there.
    private func recover() throws(ColdError) -> Bool {
        let failure = core.withLock { $0.lastFailure }
        if failure == .full { return false }
        readers.pause()
        defer { readers.resume() }
        let outcome = databaseUse.withLock { check in
            check = nil
            return Result { () throws(ColdError) -> Bool in
                if failure == .corrupt {
                    try startEmpty("it is damaged or was removed")
                    return true
                }
                do throws(ColdError) {
                    if try database.reopen() {
                        events?.log(true, "the log of the database was removed: what it had was saved")
                    }
                    return false
                } catch {
                    guard error.failure == .corrupt else { throw error }
                    try startEmpty(error.message)
                    return true
                }
            }
        }
        return try outcome.get()
    }

    /// What a batch was to change is of no use to the new database: all that memory has is queued for it. Whoever
    /// waits for the batch is answered with that, or at once where the queue has no room for it yet.
    private func lost(_ batch: StoreCore.Batch) {
        let hasRoom = core.withLock { $0.drop(batch) }
        if !hasRoom { events?.failed(batch.sequence, "the database was lost") }
    }

    /// The database is lost: a new one takes what memory still has.
    private func startEmpty(_ reason: String) throws(ColdError) {
        let seed = core.withLock { $0.keyHash.seed }
        let moved = try database.startEmpty(seed: [seed.0, seed.1])
        core.withLock { core in
            core.now = max(core.now, clock.now())
            core.diskLost()
        }
        events?.log(
            true,
            "the database was lost (\(reason)\(moved.map { "; it is now \($0)" } ?? "")): a new one keeps what memory has"
        )
    }

    private func failed(_ batch: StoreCore.Batch, _ error: ColdError, _ progress: inout Progress) {
        let (sequence, isNew, waiting) = core.withLock { core in
            core.now = max(core.now, clock.now())
            let (sequence, isNew) = core.failed(batch, error)
            return (sequence, isNew, core.takeWaitingForRoom())
        }
        if !waiting.isEmpty { events?.wake(waiting) }
        if isNew {
            events?.log(true, "the disk takes no writes, new entries stay in memory: \(error.message)")
        }
        events?.failed(sequence, error.message)
        let hasRoom = error.failure == .full && makeRoom(&progress.saidNoRoom)
        progress.retryDue = hasRoom ? 0 : clock.now() + Self.retryMs
    }

    /// The disk is full: evicts, and commits the deletions alone, for which the ballast left room.
    /// - Parameter saidSo: whether it was logged that there is no room.
    /// - Returns: whether something was evicted on the disk too.
    private func makeRoom(_ saidSo: inout Bool) -> Bool {
        // Rows that are deleted already may be enough.
        let rows = database.hasTombstones ? [] : core.withLock { $0.evictForSpace() }
        guard !rows.isEmpty || database.hasTombstones else { return false }
        do throws(ColdError) {
            try database.makeRoom(deleting: rows)
            if !rows.isEmpty { events?.log(false, "evicted \(rows.count) entries to make room on the disk") }
            return true
        } catch {
            // They are gone from memory, and may still be on disk: left there they would come back with the next
            // start, even where a newer entry of the same key was deleted.
            core.withLock { core in
                for row in rows { core.enqueue(.delete(row: row)) }
            }
            if !saidSo { events?.log(true, "no room could be made on the disk: \(error.message)") }
            saidSo = true
            return false
        }
    }
}
