internal import CLinux
internal import Platform
internal import Synchronization

/// The writer's thread.
extension Store {
    /// How often the last commit is tried on a full disk, on which each failure makes some room.
    private static let lastTriesMax = 16

    /// Commits of this many changes leave memory behind that is given back when none has followed for a while.
    private static let trimWrites = 1000
    private static let idleMs: Int64 = 1000
    private static let lookMs: Int64 = 500

    /// What the writer's thread remembers from one commit to the next. Times are store time.
    struct WriterProgress {
        var lastTries = lastTriesMax
        /// When the disk is tried again that took nothing: whoever puts meanwhile does not hurry it.
        var retryDue: Int64 = 0
        /// When it is time for what is best done while no one writes.
        var idleWorkDue: Int64?
        /// The last row that was committed.
        var row: Int64 = 0
        /// It was said, since the last success, that no room could be made.
        var saidNoRoom = false
        /// When it is seen again whether the database is still there.
        var lookDue: Int64 = 0
    }

    func write() {
        // Pages that were free when the daemon ended are given back after its start.
        var progress = WriterProgress(idleWorkDue: clock.now() + Self.idleMs)
        while true {
            lookAfterDatabase(&progress)
            let closing = isClosing.load(ordering: .acquiring)
            guard let due = commitDue(setsIdle: true) else {
                if closing, finishClosing() { return }
                writerSignal.wait(
                    ms: closing ? 1 : min(Self.lookMs, idleWork(&progress.idleWorkDue) ?? Self.lookMs))
                continue
            }
            let pause = max(due, closing ? 0 : progress.retryDue - clock.now())
            if pause > 0 {
                writerSignal.wait(ms: min(Self.lookMs, pause))
                continue
            }
            if !commit(&progress), closing {
                guard progress.lastTries > 0, core.withLock({ $0.pipeline.lastFailure == .full }) else {
                    return
                }
                progress.lastTries -= 1
            }
        }
    }

    /// In how many ms the next commit is due; `nil` if nothing waits. Asking shows that the writer is not stuck.
    private func commitDue(setsIdle: Bool = false) -> Int64? {
        writerAlive.store(clock.now(), ordering: .relaxed)
        return core.withLock { core in
            let due = core.pipeline.due(
                flushIntervalMs: configuration.flushIntervalMs,
                isClosing: isClosing.load(ordering: .acquiring), now: clock.now())
            if setsIdle { core.pipeline.writerIsIdle = due == nil }
            return due
        }
    }

    /// Notes what is left to do once the daemon rests. If entries are only read, their counters are committed
    /// each second, and this is rest too.
    private func noteIdleWork(_ batch: CommitPipeline.Batch, _ progress: inout WriterProgress) {
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
            try database.idleWork(live: Int64(core.withLock { $0.cold.bytes })) {
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
            if core.pipeline.isClosed { return core.pipeline.queue.isEmpty }
            core.finish()
            return false
        }
        return isDone
    }

    /// Commits what waits, and tells everyone.
    /// - Returns: false if it failed; the changes are kept for another try.
    private func commit(_ progress: inout WriterProgress) -> Bool {
        let isLast = isClosing.load(ordering: .acquiring)
        let (taken, waiting) = core.withLock { core in
            (
                core.pipeline.isHeld && !isLast && core.pipeline.failedBatch == nil
                    ? nil : core.takeBatch(), core.pipeline.takeWaitingForRoom()
            )
        }
        if !waiting.isEmpty { events?.wake(waiting) }
        // An operation has begun meanwhile that is to be committed as one.
        guard let batch = taken else { return true }
        let began = clock.now()
        do throws(ColdError) {
            if try !commitOrRecover(batch) {
                lost(batch)
                return true
            }
        } catch {
            writerAlive.store(clock.now(), ordering: .relaxed)
            failed(batch, error, &progress)
            return false
        }
        noteIdleWork(batch, &progress)
        progress.retryDue = 0
        progress.saidNoRoom = false
        // Before anything of it may leave memory: what this still holds would not be free then, and others went in vain.
        release(batch)
        let figures = ColdTier.Figures(journalRows: database.journalRows, interning: database.interning)
        let (wasDegraded, stillWaiting) = core.withLock { core in
            core.now = max(core.now, clock.now())
            core.cold.figures = figures
            let wasDegraded = core.committed(
                batch, tookMs: clock.now() - began, flushIntervalMs: configuration.flushIntervalMs)
            return (wasDegraded, core.pipeline.takeWaitingForRoom())
        }
        events?.committed(batch.sequence)
        // What could not leave memory before can now.
        let mustTrim = core.withLock { $0.hot.isOver }
        if mustTrim { maintenanceSignal.notify() }
        if wasDegraded {
            _ = database.restoreBallast()
            events?.log(false, "the disk takes writes again")
        }
        if !stillWaiting.isEmpty { events?.wake(stillWaiting) }
        runIdleWork { () throws(ColdError) in
            try database.maintain {
                writerAlive.store(clock.now(), ordering: .relaxed)
                return !core.withLock { $0.pipeline.isCommitAwaited } && !isClosing.load(ordering: .acquiring)
            }
            try database.compact(budget: Int64(core.withLock { $0.cold.limit })) {
                (commitDue() ?? 1) > 0 && !isClosing.load(ordering: .acquiring)
            }
        }
        return true
    }

    /// Lets go of what was committed, a piece at a time.
    private func release(_ batch: CommitPipeline.Batch) {
        let count = batch.writes.count
        for start in stride(from: 0, to: count, by: Self.releasedAtOnce) {
            perform { core in
                let some = start..<min(count, start + Self.releasedAtOnce)
                batch.release(some)
                core.work.spend(some.count)
            }
        }
    }

    private static let releasedAtOnce = 1000

    /// Commits a batch. What fails once is tried again before anyone hears of it, with the database opened anew: an error
    /// of the disk may be over, and what was read wrong once is no damage.
    /// - Returns: false if the database was lost, and a new one is there.
    private func commitOrRecover(_ batch: CommitPipeline.Batch) throws(ColdError) -> Bool {
        if batch.isRetry {
            if try recover() { return false }
            try database.commit(ContiguousArray(batch.writes))
        } else {
            do throws(ColdError) {
                try database.commit(ContiguousArray(batch.writes))
            } catch {
                guard [.io, .corrupt].contains(error.failure) else { throw error }
                core.withLock { $0.pipeline.suspect(error.failure) }
                writerAlive.store(clock.now(), ordering: .relaxed)
                if try recover() { return false }
                try database.commit(ContiguousArray(batch.writes))
                events?.log(true, "the disk failed once, and the database was opened again: \(error.message)")
            }
        }
        // Whoever waits for the commit relies on it: it is worth nothing in a file that someone removed meanwhile.
        guard batch.isAwaited, let loss = database.findLoss() else { return true }
        core.withLock { $0.pipeline.suspect(loss, isConfirmed: loss == .corrupt) }
        return try !recover()
    }

    /// Does what is not asked for by anyone. Damage is looked at twice before the database is given up for it.
    private func runIdleWork(_ work: () throws(ColdError) -> Void) {
        for isAgain in [false, true] {
            do throws(ColdError) {
                return try work()
            } catch {
                events?.log(true, "the database could not be tidied up: \(error.message)")
                if error.failure == .full { return }
                guard error.failure == .corrupt, !isAgain else {
                    return databaseLost(error.failure, isConfirmed: error.failure == .corrupt)
                }
                core.withLock { $0.pipeline.suspect(.corrupt) }
                guard let isNew = try? recover() else { return databaseLost(.io) }
                if isNew { return }
                database.idleWorkResumes = 0
            }
        }
    }

    /// Whether the database is still there, and what room the disk has. The writer asks, since a file system may hang
    /// that is asked for no more than a name: no one else waits for it then.
    private func lookAfterDatabase(_ progress: inout WriterProgress) {
        let now = clock.now()
        guard now >= progress.lookDue else { return }
        progress.lookDue = now + Self.lookMs
        if let loss = database.findLoss() { databaseLost(loss, isConfirmed: loss == .corrupt) }
        let free = database.freeBytes()
        conditionBox.withLock { $0.freeBytes = free }
        writerAlive.store(clock.now(), ordering: .relaxed)
    }
}
