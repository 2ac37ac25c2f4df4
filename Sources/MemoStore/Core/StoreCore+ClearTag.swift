/// Clearing tags. Entries with one, older than the mark set here, are dead at once; they are counted and taken out of
/// their functions by the maintenance thread, in pieces, if they are many.
extension StoreCore {
    package func tags(owner: Int64?, name: String) -> [TagID] {
        if let owner {
            tags.find(owner: owner, name: name).map { [$0] } ?? []
        } else {
            tags.findAll(name: name)
        }
    }

    /// Clears the entries that bear one of some tags, looking at no others. Leases of their keys end: what is being
    /// computed for one that was stale is of the time before.
    /// - Returns: how many entries were cleared, by function; `nil` if the connection will be woken for that.
    package mutating func clear(tags ids: [TagID], for connection: ConnectionID) -> [FunctionSlot: Int]? {
        var clearing = TagClears.Clear(connection: connection, below: cold.nextRow)
        for id in ids {
            guard let row = tags.clear(id, below: cold.nextRow) else { continue }
            hidePublished(tag: id)
            enqueue(.tag(row))
            clearing.tags.append(id)
        }
        takeOut(&clearing, isFirst: true)
        if clearing.isOver { return clearing.counts }
        if !leases.isEmpty {
            piecework.tagClears.add(leased: leases.keys)
            work.spend(leases.count / 16)
        }
        _ = endLeasesOfTagged(atMost: limits.reclaimEntries)
        piecework.tagClears.add(clearing)
        wakeups.callMaintenance()
        return nil
    }

    /// The same for a tag that no one here waits for.
    mutating func clearUnwatched(tag id: TagID) {
        let nobody = ConnectionID(rawValue: .max)
        guard clear(tags: [id], for: nobody) == nil else { return }
        piecework.tagClears.leave(nobody)
    }

    /// What the clear that a connection waits for came to; `nil` if it is not over.
    package mutating func takeCleared(_ connection: ConnectionID) -> [FunctionSlot: Int]? {
        piecework.tagClears.takeCounts(for: connection)
    }

    /// A piece of what is still to be taken out.
    /// - Returns: whether there is more.
    mutating func takeOutCleared() -> Bool {
        guard var next = piecework.tagClears.takeNext() else { return false }
        takeOut(&next.clear, isFirst: false)
        let (waiter, isMore) = piecework.tagClears.putBack(next.clear, at: next.index)
        if let waiter { wakeups.wake(waiter) }
        return isMore
    }

    private mutating func takeOut(_ clearing: inout TagClears.Clear, isFirst: Bool) {
        var left = limits.reclaimEntries
        let end = work.units + limits.pieceWork
        while let id = clearing.tags.last {
            while let slot = tags.oldest(of: id), entries[slot].row < clearing.below {
                if left == 0 || work.units >= end { return forgetUnusedTags() }
                left -= 1
                // What was cleared with its function is counted there.
                guard isLinked(slot) else {
                    tags.dropOldest(of: id)
                    work.spend(1)
                    continue
                }
                let function = entries[slot].function
                clearing.counts[function, default: 0] += 1
                // Later ones are of the time after the clear.
                if isFirst, leases.concerns(function: function) {
                    leases.end(function: function, short: entries[slot].hash, now: now)
                }
                remove(slot, .cleared, .clearTag)
            }
            clearing.tags.removeLast()
        }
        forgetUnusedTags()
    }

    /// Ends the leases of keys that have an entry with a tag, whichever it is: to look at all that bear this one takes
    /// long, and a lease less is only work done twice. Entries are taken out after that.
    /// - Returns: whether there are more of them.
    mutating func endLeasesOfTagged(atMost limit: Int) -> Bool {
        var left = limit
        while left > 0, let (function, short) = piecework.tagClears.nextLeasedKey() {
            left -= 1
            if bearsTag(function, short) { leases.end(function: function, short: short, now: now) }
        }
        work.spend(limit - left)
        return piecework.tagClears.hasLeasedKeys
    }

    /// Whether a key with this lower half of its hash has an entry with a tag.
    private func bearsTag(_ function: FunctionSlot, _ short: UInt32) -> Bool {
        var slot = entries.first(short)
        while slot != Entry.none {
            let entry = entries[slot]
            if entry.hash == short, entry.function == function, entry.flags.contains(.tagged) { return true }
            slot = entry.chain
        }
        return false
    }

    /// Whether the lease of a key ends with the clear of a tag that is under way.
    func endsWithTag(_ function: FunctionSlot, _ hash: UInt64) -> Bool {
        piecework.tagClears.hasLeasedKeys && bearsTag(function, UInt32(truncatingIfNeeded: hash))
    }
}
