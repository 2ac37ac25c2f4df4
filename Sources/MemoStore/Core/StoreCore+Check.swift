internal import MemoRegion

extension StoreCore {
    /// Holds between any two operations; ends the process if it does not. For tests.
    func check() {
        var hotBytes = 0
        var hotCount = 0
        var coldBytes = 0
        var counts: [FunctionSlot: Int] = [:]
        var bytes: [FunctionSlot: Int] = [:]
        var inMemory: [FunctionSlot: Int] = [:]
        var countsInMemory: [FunctionSlot: Int] = [:]
        for slot in 0..<Slot(entries.slotCount) where entries[slot].flags.contains(.live) {
            let entry = entries[slot]
            var found = entries.first(entry.hash)
            while found != slot {
                precondition(found != Entry.none, "slot \(slot) is not in its bucket")
                found = entries[found].chain
            }
            if let payload = entry.payload {
                hotCount += 1
                hotBytes += payload.footprint + HotTier.overhead
                precondition(hot.slots[Int(payload.hotIndex)] == slot)
            }
            if !entry.flags.contains(.unpersisted) {
                coldBytes += Self.coldBytes(of: entry)
            }
            if entry.row >= functions[entry.function].row.clearedBelow {
                inMemory[entry.function, default: 0] += entry.payload.map { HotTier.bytes(of: $0) } ?? 0
                countsInMemory[entry.function, default: 0] += entry.payload == nil ? 0 : 1
                counts[entry.function, default: 0] += 1
                bytes[entry.function, default: 0] += Self.coldBytes(of: entry)
            }
        }
        hotBytes += hot.interned.bytes
        precondition(hotCount == hot.count && hotBytes == hot.bytes, "hot tier: \(hotBytes) and \(hot.bytes)")
        precondition(coldBytes == cold.bytes, "cold tier: \(coldBytes) and \(cold.bytes)")
        for function in functions.allSlots where functions.isLive(function) {
            precondition(functions[function].count == counts[function, default: 0])
            precondition(functions[function].bytes == bytes[function, default: 0])
            precondition(functions[function].hotBytes == inMemory[function, default: 0])
            precondition(functions[function].hotCount == countsInMemory[function, default: 0])
            if !isResizing(function) { precondition(boundExceeded(function) == nil) }
            checkList(function)
        }
        leases.check()
        piecework.check(entries, functions)
        journal.check(entries)
        statistics.totals.check()
        tags.check()
        pipeline.check()
        checkPublished()
    }

    /// References counted over all entries equal those that the table of shared values has; only the queue may
    /// hold more, so that it has to be empty.
    func checkInterning() {
        precondition(pipeline.isEmpty)
        var counted: [UnsafeMutableRawPointer: Int] = [:]
        for slot in hot.slots {
            if let payload = entries[slot].payload, payload.isShared {
                counted[UnsafeMutableRawPointer(payload.block), default: 0] += 1
            }
        }
        for (block, references) in hot.interned.blockReferences {
            precondition(counted.removeValue(forKey: block) == references)
        }
        precondition(counted.isEmpty)
    }

    /// What is published is a live entry, of this very version.
    private func checkPublished() {
        var tickets = 0
        for (index, region) in published.all {
            region.writer.check()
            precondition(region.tickets.count == region.writer.count)
            tickets += region.tickets.count
            for (slot, ticket) in region.tickets {
                let entry = entries[slot]
                precondition(entry.flags.isSuperset(of: [.live, .published]), "\(slot) is published")
                precondition(region.writer.slot(ticket) == slot)
                guard region.writer.isVisible(ticket) else { continue }
                let function = functions[entry.function]
                let block = region.writer.content(ticket)
                precondition(function.published?.region == index && function.row.owner == region.owner)
                precondition(function.published?.number == block.function)
                precondition(entry.row >= function.row.clearedBelow, "\(slot) was cleared")
                precondition(block.isExact || !function.row.isBounded, "\(slot) has no exact order")
                guard let payload = entry.payload else { continue }
                precondition(!isCleared(entry, payload), "the tag of \(slot) was cleared")
                precondition(block.key.elementsEqual(payload.key))
                precondition(block.value.elementsEqual(payload.value))
                let isForEver = payload.fresh == .max
                precondition(
                    block.freshUntil == (isForEver ? .max : payload.fresh - (published.bootOffset ?? 0)))
                precondition(block.lifeMs == 0 || Int64(block.lifeMs) == payload.fresh - payload.created)
            }
        }
        for slot in 0..<Slot(entries.slotCount)
        where entries[slot].flags.isSuperset(of: [.live, .published]) {
            tickets -= 1
            let place = functions[entries[slot].function].published
            precondition(place.map { published[$0.region].tickets[slot] != nil } ?? false)
        }
        precondition(tickets == 0, "what is published is not marked")
    }

    private func checkList(_ function: FunctionSlot) {
        var length = 0
        var before = Entry.none
        var slot = functions[function].oldest
        while slot != Entry.none {
            precondition(entries[slot].older == before && entries[slot].function == function)
            if functions[function].row.isBounded, !isResizing(function), before != Entry.none {
                precondition(entries[before].used <= entries[slot].used, "not in order of use")
            }
            before = slot
            slot = entries[slot].newer
            length += 1
        }
        precondition(before == functions[function].newest && length == functions[function].count)
    }

    /// Frees all payloads; nothing else may be called afterwards.
    mutating func dispose() {
        for slot in hot.slots { entries[slot].payload?.release() }
    }
}
