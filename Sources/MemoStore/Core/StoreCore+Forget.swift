/// How functions go: by command at once, and by and by those that nothing uses.
extension StoreCore {
    /// Removes a function's entries, counters and settings. What was counted stays in the totals.
    /// - Returns: how many entries there were.
    package mutating func forget(_ function: FunctionSlot) -> Int {
        takeRegionHits(of: function)
        let before = functions[function].row
        noteHistory(function)
        noteTotals()
        statistics.retire(before, functions[function].tierHits)
        functions[function].tierHits = TierHits()
        functions[function].noted = HistoryCounters()
        var row = FunctionRow(id: before.id, owner: before.owner, name: before.name)
        row.clearedBelow = before.clearedBelow
        row.usedMs = now
        functions[function].row = row
        if before.typed {
            functions.typedChanged()
            renumber(function)
        }
        forgetRemoteSettings(function)
        // Queues the row as it is now; a restart before it goes finds nothing in it.
        let cleared = clear(function: function, resettingCounters: false)
        resize(function, isInOrder: true)
        if piecework.reclaimer.add(forgotten: function) >= Self.functionsAtOnce { wakeups.callMaintenance() }
        return cleared
    }

    /// Takes the rows of forgotten functions away once nothing refers to them.
    /// - Returns: whether more of them can go at once.
    mutating func removeEmptied() -> Bool {
        guard piecework.reclaimer.hasForgotten else { return false }
        var kept: [FunctionSlot] = []
        for function in piecework.reclaimer.takeForgotten(atMost: Self.functionsAtOnce) {
            // One that is used again stays.
            guard functions.isLive(function), functions[function].count == 0, functions[function].row.isBlank
            else {
                continue
            }
            if isReferredTo(function) { kept.append(function) } else { drop(function) }
        }
        if kept.isEmpty { return piecework.reclaimer.hasForgotten }
        piecework.reclaimer.putBack(forgotten: kept)
        return false
    }

    /// Retires functions without entries that nothing used for long, a few at each look. A client that comes back
    /// defines them anew.
    mutating func retireUnused() {
        for _ in 0..<min(Self.functionsAtOnce, functions.allSlots.count) {
            let function = functions.nextForRetirement()
            guard functions.isLive(function), functions[function].count == 0, !functions[function].isDirty
            else {
                continue
            }
            let used = functions[function].row.usedMs
            // Rows of before that was noted count from now on.
            if used == 0 { functions.markDirty(function) }
            guard used > 0, now - used > limits.functionIdleMs, !isReferredTo(function) else { continue }
            statistics.retire(functions[function].row, functions[function].tierHits)
            drop(function)
        }
    }

    private static let functionsAtOnce = 256

    private func isReferredTo(_ function: FunctionSlot) -> Bool {
        functions[function].clearedLists > 0 || functions[function].resizeJob != 0
            || !piecework.tagClears.isEmpty
            || leases.concerns(function: function)
    }

    private mutating func drop(_ function: FunctionSlot) {
        enqueue(.forget(function: functions[function].row.id))
        if functions[function].isDirty { enqueue(.totals(statistics.totals.all)) }
        givePlaceBack(function)
        functions.remove(function)
    }
}
