/// The database is gone, and a new one is empty: what is in memory is left, and is queued again. The writer does it, in
/// pieces, and commits nothing before the end. Meanwhile what was only on the disk is found to be missing as it is asked for.
extension StoreCore {
    /// - Returns: how many slots are to be looked at.
    mutating func beginLoss() -> Int {
        pipeline.lose()
        piecework.reclaimer.loseRows()
        cold.loseRows()
        return entries.slotCount
    }

    /// Keeps entries that are in memory, and lets go of the others.
    /// - Returns: how many those were.
    mutating func lose(_ slots: Range<Int>) -> Int {
        var lost = 0
        work.spend(slots.count / 8)
        for slot in slots.lazy.map({ Slot($0) }) where entries[slot].flags.contains(.live) {
            let entry = entries[slot]
            // What was cleared goes by itself.
            guard entry.row < cold.lostRows, !entry.flags.contains(.unpersisted),
                entry.row >= functions[entry.function].row.clearedBelow
            else { continue }
            work.spend(1)
            if let payload = entry.payload {
                cold.remove(bytes: ColdSize.bytes(payload))
                entries[slot].flags.insert(.unpersisted)
            } else {
                unlink(slot)
                functions[entry.function].count -= 1
                functions[entry.function].bytes -= entry.coldBytes
                discard(slot)
                lost += 1
            }
        }
        return lost
    }

    /// Queues functions that are known.
    mutating func queueAgain(functions numbers: Range<Int>) {
        work.spend(2 * numbers.count)
        for function in numbers.lazy.map({ FunctionSlot(UInt32($0)) }) where functions.isLive(function) {
            enqueue(.function(functions[function].row))
        }
    }

    /// Queues those of some tags that are still known.
    mutating func queueAgain(_ rows: ArraySlice<TagRow>) {
        work.spend(2 * rows.count)
        for row in rows {
            if let tag = tags[row.id] { enqueue(.tag(tag.row)) }
        }
    }

    /// The rest, of which there is little.
    mutating func endLoss() {
        cold.endLoss()
        enqueue(.totals(statistics.totals.all))
        for row in statistics.history.rows { enqueue(.history(row)) }
        statistics.mismatches.writeAll()
        for row in remote.rows { enqueue(.remote(row)) }
    }

    /// Whether an entry was in the database that is gone, and is not yet noted as in memory only: it must not leave memory.
    func isBeingLost(_ entry: Entry) -> Bool {
        entry.row < cold.lostRows && !entry.flags.contains(.unpersisted)
    }
}
