/// How functions go: by command at once, and by and by those that nothing uses.
extension StoreCore {
    /// Removes a function's entries, counters and settings. What was counted stays in the totals.
    /// - Returns: how many entries there were.
    package mutating func forget(_ function: UInt32) -> Int {
        takeRegionHits(of: function)
        let before = functions[function].row
        noteHistory(function)
        noteTotals()
        history.forget(.function(before.id))
        mismatches.forget(function: before.id)
        functions[function].noted = HistoryCounters()
        totals.retire(before)
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
        if reclaimer.add(forgotten: function) >= Self.looks { signals.callMaintenance() }
        return cleared
    }

    /// Takes the rows of forgotten functions away once nothing refers to them.
    /// - Returns: whether more of them can go at once.
    mutating func removeEmptied() -> Bool {
        guard reclaimer.hasForgotten else { return false }
        var kept: [UInt32] = []
        for place in reclaimer.takeForgotten(atMost: Self.looks) {
            // One that is used again stays.
            guard functions.isLive(place), functions[place].count == 0, functions[place].row.isBlank else {
                continue
            }
            if isReferredTo(place) { kept.append(place) } else { drop(place) }
        }
        if kept.isEmpty { return reclaimer.hasForgotten }
        reclaimer.putBack(forgotten: kept)
        return false
    }

    /// Retires functions without entries that nothing used for long, a few at each look. A client that comes back
    /// defines them anew.
    mutating func retireUnused() {
        for _ in 0..<min(Self.looks, functions.allPlaces.count) {
            let place = functions.nextForRetirement()
            guard functions.isLive(place), functions[place].count == 0, !functions[place].isDirty else {
                continue
            }
            let used = functions[place].row.usedMs
            // Rows of before that was noted count from now on.
            if used == 0 { functions.markDirty(place) }
            guard used > 0, now - used > limits.functionIdleMs, !isReferredTo(place) else { continue }
            history.forget(.function(functions[place].row.id))
            mismatches.forget(function: functions[place].row.id)
            totals.retire(functions[place].row)
            drop(place)
        }
    }

    private static let looks = 256

    private func isReferredTo(_ place: UInt32) -> Bool {
        functions[place].clearedLists > 0 || functions[place].resizeJob != 0 || !tagClears.isEmpty
            || leases.concerns(function: place)
    }

    private mutating func drop(_ place: UInt32) {
        enqueue(.forget(function: functions[place].row.id))
        if functions[place].isDirty { enqueue(.totals(totals.all)) }
        givePlaceBack(place)
        functions.remove(place)
    }
}
