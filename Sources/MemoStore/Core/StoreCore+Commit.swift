/// The writer's side: what becomes of entries with what is committed, fails or is lost (`CommitPipeline`).
extension StoreCore {
    mutating func takeBatch() -> CommitPipeline.Batch { pipeline.takeBatch(row: cold.nextRow - 1) }

    /// A batch is in the database; the caller releases its payloads.
    /// - Returns: whether the disk took nothing before.
    mutating func committed(_ batch: CommitPipeline.Batch, tookMs: Int64, flushIntervalMs: Int64) -> Bool {
        let outcome = pipeline.committed(
            batch, tookMs: tookMs, flushIntervalMs: flushIntervalMs, hotBytes: hot.limit)
        // What could not leave memory before can now.
        if trimHot(atMost: limits.reclaimEntries) { wakeups.callMaintenance() }
        switch outcome {
        case .part: return false
        case .all:
            queueUnpersisted()
            return false
        case .recovered:
            if hot.count <= Self.gatheredAtOnce {
                gatherUnpersisted()
            } else {
                pipeline.needGathering()
                wakeups.callMaintenance()
            }
            return true
        }
    }

    /// Changes up to this number are in the database. The caller has released the payloads.
    mutating func finishCommit(sequence: UInt64, row: Int64) {
        pipeline.finish(sequence: sequence, row: row)
        trimHot()
    }

    /// How much is to go if the disk is full: as much again as waits to be written and more.
    var spaceWanted: Int {
        max(1 << 20, 2 * (pipeline.queue.cost + (pipeline.failedBatch?.bytes ?? 0)), cold.bytes / 50)
    }

    /// Evicts some of what was not used for long and is on disk.
    /// - Parameters:
    ///   - goal: this many bytes at most, less what went.
    ///   - rows: to which those are added that are to be deleted. They are not queued.
    /// - Returns: whether there may be more.
    mutating func evictForSpace(_ goal: inout Int, _ rows: inout [Int64]) -> Bool {
        let before = cold.bytes
        let queued = pipeline.queue.count
        let end = work.units + limits.pieceWork
        defer { goal -= before - cold.bytes }
        var fruitless = 0
        while before - cold.bytes < goal, work.units < end, fruitless < 64 {
            work.spend(4)
            guard let victim = sampleOldest(), isCommitted(victim) else {
                fruitless += 1
                continue
            }
            rows.append(entries[victim].row)
            remove(victim, .evicted, .coldBytes)
        }
        pipeline.takeBack(pipeline.queue.count - queued)
        return before - cold.bytes < goal && fruitless < 64
    }

    /// The disk takes writes again: what was put meanwhile is to be queued, in the order of use, which is that of the
    /// rows until something is used.
    mutating func gatherUnpersisted() {
        var waiting: [UsedSlot] = []
        gatherUnpersisted(0..<hot.count, in: &waiting)
        waiting.sort { $0.used > $1.used }
        queueUnpersisted(waiting)
    }

    /// Entries of the hot tier that are looked at while the lock is held once.
    static let gatheredAtOnce = 4096

    /// Adds those at some places of the hot tier. From its end on, none is missed: what goes is replaced from there.
    mutating func gatherUnpersisted(_ places: Range<Int>, in waiting: inout [UsedSlot]) {
        for slot in hot.slots[places.clamped(to: 0..<hot.count)]
        where entries[slot].flags.contains(.unpersisted) && functions[entries[slot].function].row.persists {
            waiting.append(UsedSlot(used: entries[slot].used, slot: slot))
        }
        work.spend(places.count / 4)
    }

    /// - Parameter waiting: the one that was used first at the end.
    mutating func queueUnpersisted(_ waiting: [UsedSlot]) {
        pipeline.gather(unpersisted: waiting.map(\.slot))
        queueUnpersisted()
    }

    /// Queues of it as much as there is room for; a bounded number, the rest is the maintenance thread's.
    /// - Returns: whether there is more that there is room for.
    @discardableResult
    mutating func queueUnpersisted() -> Bool {
        var left = limits.reclaimEntries
        let end = work.units + limits.pieceWork
        while left > 0, work.units < end, let slot = pipeline.nextUnpersisted() {
            left -= 1
            work.spend(2)
            // It may have gone meanwhile, or another may have come in its place.
            guard entries[slot].flags.isSuperset(of: [.live, .unpersisted]),
                let payload = entries[slot].payload
            else { continue }
            let function = entries[slot].function
            guard entries[slot].row >= functions[function].row.clearedBelow,
                functions[function].row.persists
            else { continue }
            // A new row would make it younger than the clear.
            if isCleared(entries[slot], payload) {
                remove(slot, .cleared, .clearTag)
                continue
            }
            entries[slot].flags.remove(.unpersisted)
            entries[slot].row = cold.takeRow()
            if !payload.tags.isEmpty {
                work.spend(2 * payload.tags.count)
                // To the ends of the lists, which are in the order of rows.
                tags.pin(Array(payload.tags))
                tags.remove(slot)
                for tag in payload.tags { tags.add(slot, to: tag) }
                tags.pin([])
            }
            cold.add(bytes: ColdSize.bytes(payload))
            payload.retain()
            enqueue(
                .insert(
                    row: entries[slot].row, function: functions[function].row.id,
                    hash: hash(function, payload.key), payload: payload))
        }
        guard left == 0 || work.units >= end, !pipeline.unpersisted.isEmpty else { return false }
        wakeups.callMaintenance()
        return !pipeline.queue.isFull
    }

    /// Takes what is in memory only by a function's setting out of the directory, of which a snapshot may be made.
    private mutating func dropUnpersisted() {
        // Taking one out moves another to its place.
        let slots = Array(hot.slots)
        for slot in slots where entries[slot].flags.contains([.live, .unpersisted]) {
            let function = entries[slot].function
            guard !functions[function].row.persists else { continue }
            if entries[slot].row < functions[function].row.clearedBelow {
                reclaim(slot)
            } else {
                unlink(slot)
                functions[function].count -= 1
                functions[function].bytes -= Self.coldBytes(of: entries[slot])
                discard(slot)
            }
        }
    }

    /// The last changes before the end: counters, and the order of use.
    mutating func finish() {
        pipeline.close()
        if pipeline.needsGathering { gatherUnpersisted() }
        while queueUnpersisted() {}
        dropUnpersisted()
        while flushCounters(atMost: .max) {}
        flushRemoteCounters()
        flushHistory(isLast: true)
        // The order of all is in the snapshot of the index, if there will be one.
        let isInSnapshot = willSnapshot
        if degraded == nil { enqueue(.recency(order { !isInSnapshot || $0.isBounded })) }
    }
}
