extension StoreCore {
    /// Moves entries that were not used for long out of memory until the hot tier keeps to its budget; a bounded number of
    /// them, the rest is the maintenance thread's. What is not in the database yet stays, and the queue's bound is the
    /// bound of it.
    /// - Parameter kept: an entry that is about to be used.
    @inline(__always)
    mutating func trimHot(keeping kept: Slot = Entry.none) {
        if hot.isOver, trimHot(atMost: limits.evictionsPerPut, keeping: kept) { wakeups.callMaintenance() }
    }

    /// - Returns: whether there is more to do.
    mutating func trimHot(atMost limit: Int, keeping kept: Slot = Entry.none) -> Bool {
        var fruitless = 0
        var left = limit
        let end = work.units + limits.pieceWork
        while hot.isOver, hot.count > 0, fruitless < 4 {
            if left == 0 || work.units >= end { return true }
            left -= 1
            var victim = Entry.none
            var oldest = UInt64.max
            let samples = hot.draw(entries, &random)
            for index in samples.indices {
                consider(samples[index], &victim, &oldest, keeping: kept)
            }
            // A small tier may have none left of those that were drawn ahead.
            if victim == Entry.none {
                for _ in samples.indices {
                    consider(hot.slots[random.below(hot.count)], &victim, &oldest, keeping: kept)
                }
            }
            guard victim != Entry.none else {
                fruitless += 1
                continue
            }
            if entries[victim].flags.contains(.unpersisted) {
                let isDead = entries[victim].row < functions[entries[victim].function].row.clearedBelow
                if isDead { reclaim(victim) } else { remove(victim, .evicted, .hotBytes) }
            } else {
                makeCold(victim)
                work.spend(1)
            }
        }
        return false
    }

    /// Whether the hot tier takes so much more than its budget that what is put has to wait until some has gone. What
    /// waits for the database cannot go yet.
    var isHotFarOver: Bool {
        hot.bytes > hot.limit + hotRoom + 2 * pipeline.pendingCost
    }

    /// What it may take beyond its budget before those who put much wait.
    var hotRoom: Int { max(hot.limit / 4, 16 << 20) }

    private func consider(_ slot: Slot, _ victim: inout Slot, _ oldest: inout UInt64, keeping kept: Slot) {
        guard slot != Entry.none, slot != kept, entries[slot].used < oldest, entries[slot].payload != nil
        else { return }
        let isPinned =
            entries[slot].row > pipeline.committedRow && !entries[slot].flags.contains(.unpersisted)
        if isPinned || (cold.lostRows > 0 && isBeingLost(entries[slot])) { return }
        oldest = entries[slot].used
        victim = slot
    }

    mutating func makeCold(_ slot: Slot) {
        guard let payload = entries[slot].payload else { return }
        leaveHot(slot, payload)
        entries[slot].setCold(bytes: ColdSize.bytes(payload))
        payload.release()
    }

    /// Evicts the least recently used, approximately, until the cold tier keeps to its budgets; a bounded number
    /// of them, the rest by the next put or sweep.
    mutating func trimCold() {
        var evictions = 0
        while cold.isOver || entries.count >= limits.entriesMax - 1,
            evictions < limits.evictionsPerPut
        {
            let cause: RemovalCause = cold.isOver ? .coldBytes : .entryLimit
            guard let victim = sampleOldest() else { return }
            remove(victim, .evicted, cause)
            evictions += 1
        }
    }

    mutating func sampleOldest() -> Slot? {
        guard entries.slotCount > 0 else { return nil }
        var victim = Entry.none
        var oldest = UInt64.max
        for _ in 0..<HotTier.samples * 4 {
            let slot = Slot(random.below(entries.slotCount))
            let entry = entries[slot]
            guard entry.flags.contains(.live), !entry.flags.contains(.unpersisted), entry.used < oldest,
                entry.row >= functions[entry.function].row.clearedBelow
            else { continue }
            oldest = entry.used
            victim = slot
        }
        return victim == Entry.none ? nil : victim
    }

    /// Evicts a bounded function's least recently used entries beyond its bound.
    mutating func trim(_ function: FunctionSlot) {
        guard functions[function].resizeJob == 0, !trim(function, atMost: limits.evictionsPerPut) else {
            return
        }
        // One large entry may take the place of very many.
        beginResize(function, isInOrder: true)
    }

    /// - Returns: whether it keeps to its bound now.
    mutating func trim(_ function: FunctionSlot, atMost limit: Int) -> Bool {
        guard functions[function].row.isBounded else { return true }
        var left = limit
        let end = work.units + limits.pieceWork
        while let cause = boundExceeded(function), functions[function].oldest != Entry.none {
            if left == 0 || work.units >= end { return false }
            remove(functions[function].oldest, .evicted, cause)
            left -= 1
        }
        return true
    }

    /// Which of its bounds a function does not keep to.
    func boundExceeded(_ function: FunctionSlot) -> RemovalCause? {
        if functions[function].count > functions[function].row.maxsize ?? .max { return .maxsize }
        return functions[function].bytes > functions[function].row.maxBytes ?? .max ? .maxBytes : nil
    }

    mutating func expire(_ slot: Slot) { remove(slot, .expired, .ttl) }

    /// Takes an entry out of both tiers and remembers why.
    mutating func remove(_ slot: Slot, _ removal: Removal, _ cause: RemovalCause) {
        let function = entries[slot].function
        unlink(slot)
        functions[function].count -= 1
        functions[function].bytes -= Self.coldBytes(of: entries[slot])
        switch removal {
        case .evicted:
            functions[function].row.evictions += 1
            statistics.totals.countEviction()
            functions.markDirty(function)
        case .expired:
            functions[function].row.expirations += 1
            statistics.totals.countExpiration()
            functions.markDirty(function)
        default: break
        }
        reclaim(slot, removal, cause)
    }

    /// The part of `remove` that does not touch the function's list.
    /// - Parameter at: when it went; what was marked deleted of the key since then stays.
    mutating func reclaim(_ slot: Slot, _ removal: Removal, _ cause: RemovalCause, at: Int64? = nil) {
        let entry = entries[slot]
        statistics.ghosts.add(
            hash: entry.hash, function: functions[entry.function].row.id, at: at ?? now, removal, cause)
        if !entry.flags.contains(.unpersisted) {
            // After a clear nothing else has to be marked deleted, and there may be very many.
            let isCleared = entry.row < functions[entry.function].row.clearedBelow
            enqueue(.delete(row: entry.row, bytes: isCleared ? nil : Self.coldBytes(of: entry)))
        }
        discard(slot)
    }

    /// What an entry takes on disk, if it is there.
    static func coldBytes(of entry: Entry) -> Int {
        entry.payload.map { ColdSize.bytes($0) } ?? entry.coldBytes
    }

    /// Frees an entry's memory and slot.
    mutating func discard(_ slot: Slot) {
        endVersion(slot)
        let entry = entries[slot]
        if !entry.flags.contains(.unpersisted) { cold.remove(bytes: Self.coldBytes(of: entry)) }
        if let payload = entry.payload {
            leaveHot(slot, payload)
            payload.release()
        }
        if entry.flags.contains(.tagged) { work.spend(tags.remove(slot)) }
        work.spend(1)
        entries.remove(slot)
    }
}
