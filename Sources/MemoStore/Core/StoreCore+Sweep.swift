/// What is done now and then, a bounded piece at a time.
extension StoreCore {
    /// One piece of the work that waits: expired leases and entries, cleared entries, budgets.
    /// - Returns: whether more is waiting already.
    mutating func sweep() -> Bool {
        leases.endExpired(now: now)
        guard !pipeline.queue.isFull else { return false }
        reclaimCleared()
        let stoppedShort = expireSlots()
        trimCold()
        trimHot()
        if tags.isOver { trimTags() }
        let areTagsTooMany = relieveTags()
        forgetUnusedTags()
        let areMoreEmptied = removeEmptied()
        retireUnused()
        return stoppedShort || areMoreEmptied || areTagsTooMany || !piecework.reclaimer.isEmpty
    }

    /// Takes back the memory and the rows of cleared entries.
    private mutating func reclaimCleared() {
        var left = limits.reclaimEntries
        // An entry with many tags takes as much work as many without.
        let end = work.units + limits.pieceWork
        while left > 0, work.units < end, let cleared = piecework.reclaimer.next(entries, &functions) {
            reclaim(cleared.slot, .cleared, cleared.cause, at: cleared.at)
            left -= 1
        }
        while left > 0, let row = piecework.reclaimer.nextGarbageRow() {
            enqueue(.delete(row: row))
            left -= 1
        }
    }

    /// Takes back the memory of a cleared entry before its turn. It has no row in the database.
    mutating func reclaim(_ slot: Slot) {
        let cleared = piecework.reclaimer.takeOut(slot, &entries, &functions)
        reclaim(slot, .cleared, cleared?.cause ?? .clearFunction, at: cleared?.at)
    }

    /// Goes on through the slab in search of entries whose time is over.
    /// - Returns: whether it stopped short, for want of time.
    private mutating func expireSlots() -> Bool {
        let seconds = UInt32(clamping: now / 1000)
        work.spend(limits.sweepSlots / 16)
        let workEnd = work.units + limits.pieceWork
        for slot in piecework.reclaimer.nextSlots(limits.sweepSlots, of: entries.slotCount) {
            guard work.units < workEnd else {
                piecework.reclaimer.resume(at: slot)
                return true
            }
            let entry = entries[slot]
            guard entry.expirySeconds < seconds, entry.flags.contains(.live),
                entry.row >= functions[entry.function].row.clearedBelow
            else { continue }
            expire(slot)
        }
        return false
    }

    /// Queues the counters that changed, of a number of functions.
    /// - Returns: whether there are more.
    @discardableResult
    mutating func flushCounters(atMost limit: Int = .max) -> Bool {
        guard degraded == nil, !pipeline.queue.isFull else { return false }
        flushMismatches()
        let rows = functions.takeDirty(atMost: limit, now: now)
        guard !rows.isEmpty else { return false }
        work.spend(2 * rows.count)
        for row in rows {
            enqueue(.function(row))
            if let function = functions.find(row.id) { noteHistory(function) }
        }
        noteTotals()
        enqueue(.totals(statistics.totals.all))
        return !functions.dirty.isEmpty
    }

    /// Entries of bounded functions that were used since this was asked last, for `note`: there may be very many.
    /// - Returns: them, and the last use of all.
    mutating func takeJournal() -> (slots: [Slot], through: UInt64) {
        guard degraded == nil, !pipeline.queue.isFull else { return ([], 0) }
        return journal.take()
    }

    /// Adds the last uses of entries in the journal that was taken.
    mutating func note(_ slots: ArraySlice<Slot>, through: UInt64, in records: inout [AccessJournal.Record]) {
        work.spend(slots.count / 8)
        journal.collect(slots, through: through, from: &entries, in: &records)
    }

    /// Queues uses in their order, or an order. The last changes have the order of all bounded functions already.
    mutating func enqueue(uses: StoreChange) {
        if pipeline.isClosed { return }
        if degraded == nil { enqueue(uses) } else { journal.lose() }
    }

    /// Whether the order of all entries of bounded functions is to replace the journal: it lacks some, or has grown so
    /// long that the order is shorter. Asked once for each order.
    mutating func wantsOrder() -> Bool {
        degraded == nil
            && journal.takesOrder(rows: cold.figures.journalRows, most: max(1 << 20, 4 * entries.count))
    }

    /// The rows of all entries in the order of their last use, oldest first.
    /// - Parameter isMeant: whether a function's entries are.
    func order(of isMeant: (FunctionRow) -> Bool = { _ in true }) -> [Int64] {
        var records: [AccessJournal.Record] = []
        records.reserveCapacity(entries.count)
        gather(0..<Slot(entries.slotCount), in: &records, of: isMeant)
        return records.rowsInOrder
    }

    /// Adds the last uses of the entries in some slots.
    func gather(
        _ slots: Range<Slot>, in records: inout [AccessJournal.Record], of isMeant: (FunctionRow) -> Bool
    ) {
        for slot in slots {
            let entry = entries[slot]
            guard entry.flags.contains(.live), !entry.flags.contains(.unpersisted) else { continue }
            let function = functions[entry.function].row
            guard entry.row >= function.clearedBelow, isMeant(function) else { continue }
            records.append(AccessJournal.Record(used: entry.used, row: entry.row))
        }
    }
}
