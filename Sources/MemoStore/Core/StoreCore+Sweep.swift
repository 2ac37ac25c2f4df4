/// What is done now and then, a bounded piece at a time.
extension StoreCore {
    /// One piece of the work that waits: expired leases and entries, cleared entries, budgets.
    /// - Returns: whether more is waiting already.
    mutating func sweep() -> Bool {
        leases.endExpired(now: now)
        guard !queue.isFull else { return false }
        reclaimGraves()
        expireSlots()
        trimCold()
        trimHot()
        return !graves.isEmpty || !garbageRows.isEmpty
    }

    /// Takes back the memory and the rows of cleared entries.
    private mutating func reclaimGraves() {
        var left = limits.reclaimEntries
        while left > 0, var grave = graves.popLast() {
            while left > 0, grave.next != Entry.none {
                let slot = grave.next
                grave.next = directory[slot].newer
                reclaim(slot, .cleared, grave.cause, at: grave.at)
                left -= 1
            }
            if grave.next == Entry.none {
                functions[grave.function].graves -= 1
            } else {
                graves.append(grave)
            }
        }
        while left > 0, let row = garbageRows.popLast() {
            enqueue(.delete(row: row))
            left -= 1
        }
    }

    /// Takes back the memory of a cleared entry before its turn. It has no row in the database.
    mutating func exhume(_ slot: Slot) {
        let (older, newer, function) = (
            directory[slot].older, directory[slot].newer, directory[slot].function
        )
        var grave: Grave?
        for position in graves.indices where graves[position].function == function {
            // The oldest of a list has no neighbour on that side any more.
            if graves[position].next == slot {
                graves[position].next = newer
                grave = graves[position]
            }
        }
        if grave == nil { directory[older].newer = newer }
        if newer != Entry.none { directory[newer].older = older }
        reclaim(slot, .cleared, grave?.cause ?? .clearFunction, at: grave?.at)
    }

    /// Goes on through the slab in search of entries whose time is over.
    private mutating func expireSlots() {
        let seconds = UInt32(clamping: now / 1000)
        let end = min(Int(sweepSlot) + limits.sweepSlots, directory.slotCount)
        for slot in sweepSlot..<max(sweepSlot, Slot(end)) {
            let entry = directory[slot]
            guard entry.expirySeconds < seconds, entry.flags.contains(.live),
                entry.row >= functions[entry.function].row.clearedBelow
            else { continue }
            expire(slot)
        }
        sweepSlot = end >= directory.slotCount ? 0 : Slot(end)
    }

    /// Queues the counters that changed.
    mutating func flushCounters() {
        guard degraded == nil, !queue.isFull else { return }
        let rows = functions.takeDirty()
        guard !rows.isEmpty else { return }
        for row in rows { enqueue(.function(row)) }
        enqueue(.totals(totals))
    }

    /// The last use of an entry.
    struct Use {
        var used: UInt64
        var row: Int64
    }

    /// Entries of bounded functions that were used since this was asked last, for `note`: there may be very many.
    /// - Returns: them, and the last use of all.
    mutating func takeJournal() -> (slots: [Slot], through: UInt64) {
        guard degraded == nil, !queue.isFull, !journal.isEmpty else { return ([], uses) }
        return (exchange(&journal, with: []), uses)
    }

    /// Adds the last uses of entries in the journal that was taken.
    /// - Parameter through: the last use of all when it was. What was used again since is in the next journal too, where
    ///   it comes behind what was used before it.
    mutating func note(_ slots: ArraySlice<Slot>, through: UInt64, in uses: inout [Use]) {
        for slot in slots where directory[slot].flags.contains([.live, .journaled]) {
            let used = directory[slot].used
            uses.append(Use(used: min(used, through), row: directory[slot].row))
            if used > through { journal.append(slot) } else { directory[slot].flags.remove(.journaled) }
        }
    }

    /// Queues uses in their order, or an order. The last changes have the order of all bounded functions already.
    mutating func enqueue(uses: StoreChange) {
        if isFinished { return }
        if degraded == nil { enqueue(uses) } else { lacksUses = true }
    }

    /// Whether the order of all entries of bounded functions is to replace the journal: it lacks some, or has grown so
    /// long that the order is shorter. Asked once for each order.
    mutating func wantsOrder() -> Bool {
        guard degraded == nil, lacksUses || disk.journalRows > max(1 << 20, 4 * directory.count) else {
            return false
        }
        lacksUses = false
        return true
    }

    /// The rows of all entries in the order of their last use, oldest first.
    /// - Parameter isMeant: whether a function's entries are.
    func order(of isMeant: (FunctionRow) -> Bool = { _ in true }) -> [Int64] {
        var uses: [Use] = []
        uses.reserveCapacity(directory.count)
        gather(0..<Slot(directory.slotCount), in: &uses, of: isMeant)
        return uses.rowsInOrder
    }

    /// Adds the last uses of the entries in some slots.
    func gather(_ slots: Range<Slot>, in uses: inout [Use], of isMeant: (FunctionRow) -> Bool) {
        for slot in slots {
            let entry = directory[slot]
            guard entry.flags.contains(.live), !entry.flags.contains(.memoryOnly) else { continue }
            let function = functions[entry.function].row
            guard entry.row >= function.clearedBelow, isMeant(function) else { continue }
            uses.append(Use(used: entry.used, row: entry.row))
        }
    }

    /// The disk takes writes again: what was put meanwhile is to be queued, in the order of use, which is that of the
    /// rows until something is used.
    mutating func gatherMemoryOnly() {
        var waiting: [(used: UInt64, slot: Slot)] = []
        for slot in hot.slots where directory[slot].flags.contains(.memoryOnly) {
            waiting.append((directory[slot].used, slot))
        }
        waiting.sort { $0.used > $1.used }
        memoryOnly = waiting.map(\.slot)
        queueMemoryOnly()
    }

    /// Queues of it as much as there is room for.
    mutating func queueMemoryOnly() {
        while !queue.isFull, let slot = memoryOnly.popLast() {
            // It may have gone meanwhile, or another may have come in its place.
            guard directory[slot].flags.isSuperset(of: [.live, .memoryOnly]),
                let payload = directory[slot].payload
            else { continue }
            let function = directory[slot].function
            guard directory[slot].row >= functions[function].row.clearedBelow else { continue }
            // A new row would make it younger than the clear.
            if isCleared(directory[slot], payload) {
                remove(slot, .cleared, .clearTag)
                continue
            }
            directory[slot].flags.remove(.memoryOnly)
            directory[slot].row = nextRow
            nextRow += 1
            for tag in payload.tags {
                tags.add(TagTable.Member(slot: slot, row: directory[slot].row), to: tag, in: directory)
            }
            coldBytes += ColdSize.bytes(payload)
            payload.retain()
            enqueue(
                .insert(
                    row: directory[slot].row, function: functions[function].row.id,
                    hash: hash(function, payload.key),
                    payload: payload))
        }
        // With the memory that it had.
        if memoryOnly.isEmpty { memoryOnly = [] }
    }
}

extension [StoreCore.Use] {
    /// The one that was used last comes last.
    var rowsInOrder: [Int64] { sorted { $0.used < $1.used }.map(\.row) }
}
