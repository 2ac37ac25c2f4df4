/// The writer's side of the queue.
extension StoreCore {
    /// Changes that are committed together.
    struct Batch {
        var writes: [StoreChange]
        /// The number of the newest.
        var sequence: UInt64
        /// No entry with a larger row is among them.
        var row: Int64
        var bytes: Int
        var isRetry: Bool

        /// Cuts it off after so many changes.
        /// - Returns: the others.
        mutating func split(after count: Int) -> Batch {
            var rest = self
            rest.writes = Array(writes[count...])
            rest.bytes = bytes * rest.writes.count / writes.count
            writes.removeLast(rest.writes.count)
            sequence -= UInt64(rest.writes.count)
            bytes -= rest.bytes
            // Rows are given out in the order of the changes.
            for case .insert(let row, _, _, _) in rest.writes {
                self.row = row - 1
                break
            }
            return rest
        }

        mutating func append(_ rest: Batch) {
            writes += rest.writes
            sequence = rest.sequence
            row = rest.row
            bytes += rest.bytes
        }
    }

    /// When the next commit is due.
    /// - Returns: in how many ms; `nil` where nothing waits.
    func commitDue(flushIntervalMs: Int64, isClosing: Bool, now: Int64) -> Int64? {
        if failedBatch != nil || needsRecovery { return 0 }
        guard !queue.isEmpty else { return nil }
        if isClosing || isCommitAwaited { return 0 }
        return max(0, queue.since + flushIntervalMs - now)
    }

    /// Whether somebody waits for the next commit.
    var isCommitAwaited: Bool { urgentSequence > committedSequence || queue.isFull }

    mutating func takeBatch() -> Batch {
        if var batch = failedBatch {
            failedBatch = nil
            batch.isRetry = true
            if retryCount < batch.writes.count { failedBatch = batch.split(after: retryCount) }
            return batch
        }
        let bytes = queue.cost
        let isRetry = needsRecovery
        needsRecovery = false
        return Batch(
            writes: queue.take(), sequence: queue.sequence, row: nextRow - 1, bytes: bytes, isRetry: isRetry)
    }

    /// A batch is in the database.
    /// - Returns: whether the disk took nothing before.
    mutating func committed(_ batch: Batch, tookMs: Int64, flushIntervalMs: Int64) -> Bool {
        for case .insert(_, _, _, let payload) in batch.writes { payload.release() }
        adaptQueue(batch, tookMs: tookMs, flushIntervalMs: flushIntervalMs)
        guard failedBatch == nil else {
            // A part of it.
            finishCommit(sequence: batch.sequence, row: batch.row)
            return false
        }
        retryCount = .max
        let wasDegraded = degraded != nil
        degraded = nil
        lastFailure = nil
        finishCommit(sequence: batch.sequence, row: batch.row)
        if wasDegraded { gatherUnpersisted() } else { queueUnpersisted() }
        return wasDegraded
    }

    /// Connections that waited for room in the queue, now that there is some.
    mutating func takeWaitingForRoom() -> [ConnectionID] {
        guard !waitingForRoom.isEmpty, !isQueueFull else { return [] }
        defer { waitingForRoom = [] }
        return waitingForRoom
    }

    /// What may wait is what the disk takes in a flush interval, so that the next commit begins within it.
    private mutating func adaptQueue(_ batch: Batch, tookMs: Int64, flushIntervalMs: Int64) {
        guard batch.writes.count >= 1000 || batch.bytes >= limits.queueBytesLeast else { return }
        let perMs = Double(batch.bytes) / Double(max(1, tookMs))
        let target = perMs * Double(max(10, flushIntervalMs)) * 0.8
        let mixed = Double(queue.costMax) * 0.7 + target * 0.3
        queue.costMax = Self.queueBound(Int(mixed), hotBytes: hot.limit, limits)
    }

    /// What waits, and as much again in the commit under way, cannot leave memory: half of the hot tier's budget at
    /// most, or a disk that hangs would leave nothing of what is read again and again.
    static func queueBound(_ wanted: Int, hotBytes: Int, _ limits: StoreLimits) -> Int {
        max(limits.queueBytesLeast, min(wanted, limits.queueBytesMost, hotBytes / 4))
    }

    /// A batch is not in the database, and is kept for another try.
    /// - Returns: the number of the newest change, and whether this is the first failure.
    mutating func failed(_ batch: Batch, _ error: ColdError) -> (sequence: UInt64, isNew: Bool) {
        let isNew = degraded == nil
        degraded = error.message
        lastFailure = error.failure
        // What is too much for the disk at once may fit in parts, or those may be evicted that did.
        if error.failure == .full { retryCount = max(1, batch.writes.count / 2) }
        var batch = batch
        if let rest = failedBatch { batch.append(rest) }
        failedBatch = batch
        failedSequence = queue.sequence
        return (queue.sequence, isNew)
    }

    /// Evicts what was not used for long and is on disk, as much again as waits to be written and more.
    /// - Returns: the rows to delete. They are not queued.
    mutating func evictForSpace() -> [Int64] {
        let goal = max(1 << 20, 2 * (queue.cost + (failedBatch?.bytes ?? 0)), coldBytes / 50)
        let before = coldBytes
        let queued = queue.count
        var rows: [Int64] = []
        var fruitless = 0
        while before - coldBytes < goal, rows.count < 50_000, fruitless < 64 {
            guard let victim = sampleOldest(), isCommitted(victim) else {
                fruitless += 1
                continue
            }
            rows.append(entries[victim].row)
            remove(victim, .evicted, .coldBytes)
        }
        queue.dropLast(queue.count - queued)
        return rows
    }

    /// The database is gone, and a new one is empty: only what is in memory is left, and is queued again.
    mutating func diskLost() {
        dropFailedBatch()
        for write in queue.take() { if case .insert(_, _, _, let payload) = write { payload.release() } }
        queue.finish()
        clearedLists.removeAll()
        garbageRows.removeAll()
        for slot in 0..<Slot(entries.slotCount) where entries[slot].flags.contains(.live) {
            let entry = entries[slot]
            if entry.row < functions[entry.function].row.clearedBelow {
                discard(slot)
            } else if let payload = entry.payload {
                if !entry.flags.contains(.unpersisted) { coldBytes -= ColdSize.bytes(payload) }
                entries[slot].flags.insert(.unpersisted)
            } else {
                unlink(slot)
                functions[entry.function].count -= 1
                discard(slot)
            }
        }
        for place in functions.allPlaces where functions.isLive(place) {
            functions[place].clearedLists = 0
            enqueue(.function(functions[place].row))
        }
        for row in tags.rows { enqueue(.tag(row)) }
        enqueue(.totals(totals))
        gatherUnpersisted()
    }

    /// Lets go of a batch that was taken before the database was lost, and has what is queued instead committed soon.
    /// - Returns: whether all that memory has is queued.
    mutating func drop(_ batch: Batch) -> Bool {
        for case .insert(_, _, _, let payload) in batch.writes { payload.release() }
        urgentSequence = queue.sequence
        return unpersisted.isEmpty
    }

    private mutating func dropFailedBatch() {
        for write in failedBatch?.writes ?? [] {
            if case .insert(_, _, _, let payload) = write { payload.release() }
        }
        failedBatch = nil
    }

    /// The last changes before the end: counters, and the order of use.
    mutating func finish() {
        isFinished = true
        flushCounters()
        // The order of all is in the snapshot of the index, if there will be one.
        let isInSnapshot = willSnapshot
        if degraded == nil { enqueue(.recency(order { !isInSnapshot || $0.maxsize != nil })) }
    }
}
