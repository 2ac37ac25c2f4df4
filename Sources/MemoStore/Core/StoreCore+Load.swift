internal import RemoteLink

/// How the state of an earlier run comes back. Called before anyone else sees the store.
extension StoreCore {
    mutating func load(_ row: FunctionRow) { functions.add(row) }

    mutating func load(_ row: TagRow) { tags.add(row) }

    mutating func load(_ row: HistoryRow) { _ = statistics.history.load(row) }

    mutating func load(_ row: RemoteRow) {
        if !remote.load(row) { clearForLostNotes() }
    }

    /// Notes of what was cleared here may be lost: everything that is shared counts as cleared.
    mutating func clearForLostNotes() {
        remote.namespace.pending = max(1, remote.namespace.pending)
        remote.raising.insert(.namespace)
    }

    /// Adds an entry; they come in the order of their rows.
    mutating func load(_ head: EntryHead) {
        guard let function = functions.find(head.function) else {
            piecework.reclaimer.add(garbage: head.row)
            return
        }
        let isCleared = head.tags.contains { tags.clearedBelow($0) > head.row }
        guard head.row >= functions[function].row.clearedBelow, !isCleared, head.expires > now else {
            if !isCleared, head.expires <= now {
                functions[function].row.expirations += 1
                statistics.totals.countExpiration()
                functions.markDirty(function)
            }
            piecework.reclaimer.add(garbage: head.row)
            return
        }
        var entry = Entry(
            hash: UInt32(truncatingIfNeeded: head.hash), function: function, row: head.row,
            used: journal.countUse())
        entry.expirySeconds = Self.expirySeconds(head.expires)
        let bytes = ColdSize.bytes(key: head.keyBytes, value: head.valueBytes)
        entry.setCold(bytes: bytes)
        if !head.tags.isEmpty { entry.flags.insert(.tagged) }
        guard let slot = entries.append(entry) else {
            piecework.reclaimer.add(garbage: head.row)
            return
        }
        cold.add(bytes: bytes)
        functions[function].count += 1
        functions[function].bytes += bytes
        link(slot)
        for tag in head.tags { tags.add(slot, to: tag) }
    }

    /// Repeats the uses of a journal, oldest first. Slots are still in the order of their rows.
    mutating func load(uses rows: some Sequence<Int64>) {
        for row in rows {
            // Mostly there are no gaps between the rows.
            var low = entries.slotCount == 0 ? 0 : Int(row - entries[0].row)
            if low >= 0, low < entries.slotCount, entries[Slot(low)].row == row {
                repeatUse(Slot(low))
                continue
            }
            low = 0
            var high = entries.slotCount
            while low < high {
                let middle = (low + high) / 2
                if entries[Slot(middle)].row < row { low = middle + 1 } else { high = middle }
            }
            if low < entries.slotCount, entries[Slot(low)].row == row { repeatUse(Slot(low)) }
        }
    }

    private mutating func repeatUse(_ slot: Slot) {
        entries[slot].used = journal.countUse()
        let function = entries[slot].function
        if functions[function].row.isBounded, functions[function].newest != slot {
            unlink(slot)
            link(slot)
        }
    }

    mutating func reserveNumbers(function: FunctionID, tag: TagID) {
        functions.reserve(function)
        tags.reserve(tag)
    }

    /// The end of loading.
    /// - Returns: false if memory is exhausted.
    mutating func finishLoad(seed: (UInt64, UInt64), totals: Totals, nextRow: Int64, garbage: [Int64]) -> Bool
    {
        functions.keyHash = KeyHash(seed: seed)
        statistics.totals.restore(totals)
        cold.resume(at: nextRow)
        pipeline.begin(row: nextRow - 1)
        piecework.reclaimer.add(garbage: garbage)
        startHistory()
        tags.noteUnused()
        return entries.chainAll()
    }

    /// Since which use about this many entries were used: told from a part of them.
    func useSince(entries wanted: Int) -> UInt64 {
        guard entries.count > wanted else { return 0 }
        var sample: [UInt64] = []
        for slot in stride(from: 0, to: entries.slotCount, by: max(1, entries.slotCount >> 14)) {
            let entry = entries[Slot(slot)]
            if entry.flags.contains(.live) { sample.append(entry.used) }
        }
        sample.sort(by: >)
        let rank = Int(Double(sample.count) * Double(wanted) / Double(entries.count))
        return rank < sample.count ? sample[rank] : 0
    }

    /// Candidates for reading into memory after a start, from a number of slots on: those used since then.
    func warmUpCandidates(from start: Slot, slots: Int, since: UInt64) -> [WarmUpCandidate] {
        let end = Slot(min(entries.slotCount, Int(start) + slots))
        var candidates: [WarmUpCandidate] = []
        for slot in start..<max(start, end) {
            let entry = entries[slot]
            guard entry.flags.contains(.live), entry.payload == nil, entry.used >= since else { continue }
            candidates.append(
                WarmUpCandidate(
                    used: entry.used, reference: RowReference(slot: slot, row: entry.row),
                    bytes: entry.coldBytes + HotTier.overhead))
        }
        return candidates
    }

    /// Whether there is room in memory to read more ahead.
    var hasRoomToWarm: Bool { hot.bytes < hot.limit - hot.limit / 16 }
}
