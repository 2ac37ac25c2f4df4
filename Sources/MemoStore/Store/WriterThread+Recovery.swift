internal import Platform

/// What the writer's thread does when the disk fails or has lost the database.
extension Store {
    /// How long to wait before the disk is tried again.
    private static let retryMs: Int64 = 500

    /// After a failed write nothing that the connection believes is trusted: the database is opened anew.
    /// - Returns: whether it was lost, and a new one is there.
    func recover() throws(ColdError) -> Bool {
        let (failure, isConfirmed) = core.withLock {
            ($0.pipeline.lastFailure, $0.pipeline.isDamageConfirmed)
        }
        if failure == .full, !database.isRebuilding { return false }
        readers.pause()
        defer { readers.resume() }
        let outcome = databaseUse.withLock { check in
            check = nil
            return Result { () throws(ColdError) -> Bool in
                if isConfirmed || database.isRebuilding {
                    try startEmpty("it is damaged or was removed")
                    return true
                }
                for isAgain in [false, true] {
                    do throws(ColdError) {
                        if try database.reopen() {
                            events?.log(true, "the log of the database was removed: what it had was saved")
                        }
                        break
                    } catch {
                        guard error.failure == .corrupt else { throw error }
                        if isAgain {
                            try startEmpty(error.message)
                            return true
                        }
                    }
                }
                return false
            }
        }
        return try outcome.get()
    }

    /// What a batch was to change is of no use to the new database: all that memory has is queued for it. Whoever
    /// waits for the batch is answered with that, or at once if the queue has no room for it yet.
    func lost(_ batch: CommitPipeline.Batch) {
        let hasRoom = core.withLock { $0.pipeline.drop(batch) }
        if !hasRoom { events?.failed(batch.sequence, "the database was lost") }
    }

    /// The database is lost: a new one takes what memory still has.
    private func startEmpty(_ reason: String) throws(ColdError) {
        let seed = core.withLock { $0.functions.keyHash.seed }
        let moved = try database.startEmpty(seed: [seed.0, seed.1])
        let lost = lose()
        let entries =
            lost == 0 ? "all entries, which memory has" : "what memory has; \(lost) entries are gone"
        events?.log(
            true,
            "the database was lost (\(reason)\(moved.map { "; it is now \($0)" } ?? "")): a new one keeps \(entries)"
        )
    }

    /// - Returns: how many entries are gone.
    private func lose() -> Int {
        var (slots, functions, lost) = (0, 0, 0)
        var tags: [TagRow] = []
        perform { core in
            slots = core.beginLoss()
            functions = core.functionSlots.count
            tags = core.tags.rows
        }
        eachPiece(of: slots, 4096) { lost += $0.lose($1) }
        eachPiece(of: functions, 500) { $0.queueAgain(functions: $1) }
        eachPiece(of: tags.count, 500) { $0.queueAgain(tags[$1]) }
        var (hot, waiting): (Int, [StoreCore.UsedSlot]) = (0, [])
        perform { core in
            core.endLoss()
            hot = core.hot.count
        }
        eachPiece(of: hot, StoreCore.gatheredAtOnce) { core, places in
            core.gatherUnpersisted(hot - places.upperBound..<hot - places.lowerBound, in: &waiting)
        }
        waiting.sort { $0.used > $1.used }
        perform { $0.queueUnpersisted(waiting) }
        return lost
    }

    /// Goes through so many of something without holding the lock for long.
    private func eachPiece(of count: Int, _ most: Int, _ body: (inout StoreCore, Range<Int>) -> Void) {
        for start in stride(from: 0, to: count, by: most) {
            perform { body(&$0, start..<min(start + most, count)) }
            core.letOthersIn()
        }
    }

    func failed(_ batch: CommitPipeline.Batch, _ error: ColdError, _ progress: inout WriterProgress) {
        let (sequence, isNew, waiting) = core.withLock { core in
            core.now = max(core.now, clock.now())
            let (sequence, isNew) = core.pipeline.failed(batch, error)
            return (sequence, isNew, core.pipeline.takeWaitingForRoom())
        }
        if !waiting.isEmpty { events?.wake(waiting) }
        if isNew {
            events?.log(true, "the disk takes no writes, new entries stay in memory: \(error.message)")
        }
        events?.failed(sequence, error.message)
        let hasRoom = error.failure == .full && evictOnFullDisk(&progress.saidNoRoom)
        progress.retryDue = hasRoom ? 0 : clock.now() + Self.retryMs
    }
}
