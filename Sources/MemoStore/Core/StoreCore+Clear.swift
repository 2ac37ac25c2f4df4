extension StoreCore {
    /// Deletes one entry.
    package mutating func delete(
        _ function: FunctionSlot, _ key: UnsafeRawBufferPointer, hash: UInt64, loadedRows: [LoadedRow]
    ) -> (deleted: Bool, cold: RowReference?) {
        switch find(function, key, hash: hash, loadedRows: loadedRows) {
        case .cold(let reference): return (false, reference)
        case .absent:
            noteDeleteElsewhere(function, key)
            endLease(function, key, hash: hash)
            return (false, nil)
        case .here(let slot, let payload):
            noteDeleteElsewhere(function, key)
            let isExpired = payload.expires <= now
            if isExpired { expire(slot) } else { remove(slot, .deleted, .delete) }
            endLease(function, key, hash: hash)
            return (!isExpired, nil)
        }
    }

    private mutating func endLease(_ function: FunctionSlot, _ key: UnsafeRawBufferPointer, hash: UInt64) {
        guard !leases.isEmpty else { return }
        leases.end(LeaseTable.Key(function: function, hash: hash, key: key), now: now)
    }

    /// Clears a function's entries: at once and in constant time, whatever their number, because entries older
    /// than the mark set here no longer count. Their memory and rows are taken back later.
    /// - Returns: how many entries were cleared.
    package mutating func clear(
        function: FunctionSlot, cause: RemovalCause = .clearFunction, resettingCounters: Bool
    ) -> Int {
        hidePublished(function)
        takeRegionHits(of: function)
        // The note goes into the database before the clear.
        if cause != .remote { noteClearElsewhere(function, cause) }
        let count = functions[function].count
        let oldest = functions[function].oldest
        piecework.reclaimer.add(function, from: oldest, at: now, cause, in: &functions)
        functions[function].oldest = Entry.none
        functions[function].newest = Entry.none
        functions[function].count = 0
        functions[function].bytes = 0
        functions[function].hotBytes = 0
        functions[function].hotCount = 0
        functions[function].row.clearedBelow = cold.nextRow
        if resettingCounters {
            resetRemoteCounts(function)
            noteHistory(function)
            functions[function].noted = HistoryCounters()
            statistics.history.reset(.function(functions[function].row.id), to: functions[function].noted)
            statistics.totals.retire(functions[function].row, functions[function].tierHits)
            functions[function].tierHits = TierHits()
            functions[function].advised &-= functions[function].row.lookups
            functions[function].row.resetCounters()
        }
        // If it was dirty it stays so: what it counted is in totals that are still to be written.
        enqueue(.function(functions[function].row))
        leases.end(function: function, now: now)
        return count
    }

    /// Takes some leases out that have ended with a clear or with a connection.
    /// - Returns: whether there are more.
    mutating func endLeases() -> Bool {
        leases.takeOutEnded(now: now)
        work.spend(256)
        if leases.hasEnded { return true }
        // Those of entries with a cleared tag come last.
        return endLeasesOfTagged(atMost: 256)
    }

    /// The functions of a name, whoever they belong to.
    package mutating func functions(named name: UnsafeRawBufferPointer) -> [FunctionSlot] {
        Array(functions.countByOwner.keys).compactMap { function(owner: $0, name: name) }
    }

    /// The slots of all functions, those of forgotten ones included.
    package var functionSlots: Range<FunctionSlot> { functions.allSlots }

    /// Whether there is a function in a slot, and it is this owner's (`nil`: anyone's).
    package func isFunction(_ slot: FunctionSlot, of owner: Int64?) -> Bool {
        functions.isLive(slot) && (owner == nil || functions[slot].row.owner == owner)
    }
}
