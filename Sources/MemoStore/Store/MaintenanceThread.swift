internal import Platform
internal import Synchronization

/// What the maintenance thread does.
extension Store {
    private static let idleMs: Int64 = 500

    func maintain() {
        startWarmUp()
        var lastFlush = clock.now()
        while !isClosing.load(ordering: .acquiring) {
            var pauseMs = Self.idleMs
            let now = clock.now()
            let flushes = now - lastFlush >= Self.idleMs
            if flushes { lastFlush = now }
            perform { core in
                core.wakeups.maintenanceBegins()
                // Others get the lock between two pieces.
                if core.sweep() { pauseMs = 1 }
                core.statistics.history.wallOffset = clock.wallOffset()
                if flushes { core.takeRegionUses() }
                pauseMs = max(1, min(pauseMs, core.leases.nextEnd - now))
                core.wakeups.maintenancePauses(until: now + pauseMs)
            }
            // Whether the lease of a key ends is told by its entry, which goes after that.
            inPieces { $0.endLeases() }
            inPieces { $0.takeOutCleared() }
            trimHot()
            boundFunctions()
            gatherUnpersisted()
            LargeBlocks.giveBack()
            if flushes || core.withLock({ $0.statistics.lookups.isDue }) { takeLookups() }
            if flushes {
                inPieces { $0.flushCounters(atMost: Self.functionsAtOnce) }
                perform { $0.flushHistory() }
                flushUses()
                compactJournal()
                watchWriter()
            }
            maintenanceSignal.wait(ms: pauseMs)
        }
    }

    /// Functions whose counters are queued while the lock is held once.
    private static let functionsAtOnce = 500

    /// Moves what is too much out of memory: one large value may take the place of very many.
    private func trimHot() {
        var isMore = true
        var waiting: [ConnectionID] = []
        while isMore, !isClosing.load(ordering: .acquiring) {
            perform { core in
                core.leases.endExpired(now: core.now)
                isMore = core.hot.isOver && core.trimHot(atMost: core.limits.reclaimEntries)
                if !core.isQueueFull { waiting = core.pipeline.takeWaitingForRoom() }
            }
            core.letOthersIn()
            if !waiting.isEmpty { events?.wake(exchange(&waiting, with: [])) }
        }
    }

    /// Queues what is in memory only and may be on disk now.
    private func gatherUnpersisted() {
        guard let count = core.withLock({ $0.pipeline.needsGathering ? $0.hot.count : nil }) else {
            return inPieces { $0.queueUnpersisted() }
        }
        var waiting: [StoreCore.UsedSlot] = []
        let isGathered = inPieces(of: count) { core, places in
            core.gatherUnpersisted(count - places.upperBound..<count - places.lowerBound, in: &waiting)
        }
        guard isGathered else { return }
        waiting.sort { $0.used > $1.used }
        perform { $0.queueUnpersisted(waiting) }
        inPieces { $0.queueUnpersisted() }
    }

    /// Queues the order of the last uses. Others get the lock while it is gathered and sorted.
    private func flushUses() {
        var (slots, through): ([Slot], UInt64) = ([], 0)
        perform { (slots, through) = $0.takeJournal() }
        var uses: [AccessJournal.Record] = []
        uses.reserveCapacity(slots.count)
        guard inPieces(of: slots.count, { $0.note(slots[$1], through: through, in: &uses) }) else { return }
        let rows = uses.rowsInOrder
        if !rows.isEmpty { perform { $0.enqueue(uses: .accesses(rows)) } }
    }

    /// Replaces a journal that has grown long, or lacks uses, by the order of the entries that it is about. What is used
    /// while they are gathered is in the next journal.
    private func compactJournal() {
        guard let slotCount = core.withLock({ $0.wantsOrder() ? $0.entries.slotCount : nil }) else {
            return
        }
        var uses: [AccessJournal.Record] = []
        let isGathered = inPieces(of: slotCount) { core, slots in
            core.gather(Slot(slots.lowerBound)..<Slot(slots.upperBound), in: &uses) { $0.isBounded }
        }
        guard isGathered else { return }
        let rows = uses.rowsInOrder
        perform { $0.enqueue(uses: .recency(rows)) }
    }

    /// Gives functions with many entries their new bounds.
    private func boundFunctions() {
        while let job = core.withLock({ $0.nextResizeJob() }), !isClosing.load(ordering: .acquiring) {
            if !job.isInOrder {
                var entries: [StoreCore.UsedSlot] = []
                let slotCount = core.withLock { $0.entries.slotCount }
                guard inPieces(of: slotCount, { $0.gather($1, of: job, in: &entries) }) else { return }
                entries.sort { $0.used > $1.used }
                guard
                    inPieces(
                        of: entries.count, atOnce: Self.relinkedAtOnce, { $0.relink(entries[$1], of: job) })
                else { return }
            }
            inPieces { $0.trim(job) }
        }
    }

    /// Does work that is queued for the disk, until there is no more, without holding the lock for long.
    /// - Parameter piece: does some of it, and tells whether there is more.
    private func inPieces(_ piece: (inout StoreCore) -> Bool) {
        var isMore = true
        while isMore, !isClosing.load(ordering: .acquiring) {
            var isQueueFull = false
            perform { core in
                core.leases.endExpired(now: core.now)
                isQueueFull = core.isQueueFull
                if !isQueueFull { isMore = piece(&core) }
            }
            if isQueueFull { maintenanceSignal.wait(ms: 1) } else { core.letOthersIn() }
        }
    }

    /// Goes through this many entries without holding the lock for long.
    /// - Returns: false if the store is closed before the end; the last changes have the order of all uses then.
    private func inPieces(
        of count: Int, atOnce: Int = 4096, _ body: (inout StoreCore, Range<Int>) -> Void
    ) -> Bool {
        for start in stride(from: 0, to: count, by: atOnce) {
            if isClosing.load(ordering: .acquiring) { return false }
            perform { core in
                core.leases.endExpired(now: core.now)
                body(&core, start..<min(start + atOnce, count))
            }
            core.letOthersIn()
        }
        return true
    }

    /// Entries that are taken out of their list and put in elsewhere: those beside them lie anywhere in memory.
    private static let relinkedAtOnce = 1024

    /// Says so while the writer waits for the disk for long. This thread itself never touches the disk, which may hang for
    /// as little as a question for a name: leases end by it.
    private func watchWriter() {
        let silentMs = clock.now() - writerAlive.load(ordering: .relaxed)
        let reason =
            silentMs < Self.silenceMaxMs ? nil : "the disk has not answered for \(silentMs / 1000) s"
        guard core.withLock({ $0.pipeline.stall(reason) }) else { return }
        events?.log(reason != nil, reason ?? "the disk answers again")
    }

    private static let silenceMaxMs: Int64 = 5000

    /// The database is damaged, or someone removed or replaced it: what is written there would be lost without
    /// notice. The writer opens it anew, or begins a new one.
    /// - Parameter isConfirmed: it is surely lost, and not misread.
    func databaseLost(_ failure: ColdFailure, isConfirmed: Bool = false) {
        let isNews = core.withLock { $0.pipeline.recover(from: failure, isConfirmed: isConfirmed) }
        if isNews { writerSignal.notify() }
    }
}

/// The check of the database in the background, once after each start: gigabytes cannot be read before it.
extension Store {
    private static let rowsPerSlice = 256
    /// Between two slices, so that the check takes a small part of what the disk can do.
    private static let pauseMs: Int64 = 20

    func checkDatabase() {
        var isSecondLook = false
        while !isClosing.load(ordering: .acquiring) {
            var isFirst = false
            let outcome = databaseUse.withLock { check in
                isFirst = check == nil
                return Result { () throws(ColdError) -> ColdScrub.Slice in
                    if check == nil { check = try database.makeScrub() }
                    return try check.unsafelyUnwrapped.step(rows: Self.rowsPerSlice)
                }
            }
            do throws(ColdError) {
                let slice = try outcome.get()
                noteCheck(slice, isFirst: isFirst)
                let damaged = slice.damaged.isEmpty ? [] : stillDamaged(slice.damaged)
                if !damaged.isEmpty { dropDamaged(damaged) }
                if slice.isLast {
                    noteCheck(ended: slice.isUnread ? .unreadable : .done)
                    return databaseUse.withLock { $0 = nil }
                }
            } catch {
                // What was misread is right when it is read again.
                if error.failure == .corrupt, !isSecondLook {
                    isSecondLook = true
                    databaseUse.withLock { $0 = nil }
                    continue
                }
                noteCheck(ended: error.failure == .corrupt ? .damaged : .unreadable)
                if error.failure == .corrupt { databaseLost(.corrupt, isConfirmed: true) }
                return
            }
            checkSignal.wait(ms: Self.pauseMs)
        }
    }

    /// Those of the rows that are damaged when they are read again, by a connection that remembers no page.
    private func stillDamaged(_ rows: [Int64]) -> [Int64] {
        databaseUse.withLock { _ in
            guard let reader = try? database.makeReader() else { return [] }
            return rows.filter { row in
                switch try? reader.read(row: row) {
                case .found(let payload):
                    payload.release()
                    return false
                case .damaged, .missing: return true
                case .outOfMemory, nil: return false
                }
            }
        }
    }

    private func dropDamaged(_ rows: [Int64]) {
        let damaged = Set(rows)
        let slotCount = core.withLock { $0.entries.slotCount }
        let isDone = inPieces(of: slotCount) {
            $0.dropDamaged(rows: damaged, in: Slot($1.lowerBound)..<Slot($1.upperBound))
        }
        guard isDone else { return }
        events?.log(true, "\(rows.count) damaged rows were found and dropped")
    }
}

extension Store {
    func startWarmUp() {
        let slotsAtOnce = 1 << 13
        let (slotCount, room, since) = core.withLock { core in
            let room = core.hot.limit - core.hot.limit / 16
            return (core.entries.slotCount, room, core.useSince(entries: room / WarmUp.bytesLeast))
        }
        var candidates: [WarmUpCandidate] = []
        for start in stride(from: 0, to: slotCount, by: slotsAtOnce) {
            candidates += core.withLock {
                $0.warmUpCandidates(from: Slot(start), slots: slotsAtOnce, since: since)
            }
            core.letOthersIn()
        }
        candidates.sort { $0.used > $1.used }
        var bytes = 0
        let order = candidates.prefix {
            bytes += $0.bytes
            return bytes <= room
        }
        warmUp.start(order.map(\.reference))
        continueWarmUp()
    }

    private func continueWarmUp() {
        guard !isClosing.load(ordering: .acquiring) else { return }
        let references = warmUp.next()
        if !references.isEmpty { _ = read([ColdRequest(WarmUp.connection, references)]) }
    }

    func warmedUp(_ reply: ColdReply) {
        let rows = reply.take() ?? []
        var hasRoom = false
        perform { core in
            hasRoom = core.hasRoomToWarm
            if hasRoom { core.adopt(rows) }
            for reference in reply.lost { core.dropDamaged(reference) }
            core.release(rows)
        }
        if hasRoom { continueWarmUp() } else { warmUp.stop() }
    }
}
