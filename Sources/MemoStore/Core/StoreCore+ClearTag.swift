/// Clearing tags. Entries with one, older than the mark set here, are dead at once; they are counted and taken out of
/// their functions by the maintenance thread, in pieces, where they are many.
extension StoreCore {
    struct TagClearing {
        /// Who waits for it, if still somebody does.
        var connection: ConnectionID?
        /// Those of which there may still be some, the next one at the end.
        var tags: [UInt32]
        /// Entries with smaller rows are cleared.
        let below: Int64
        /// How many entries were cleared, by function.
        var counts: [UInt32: Int] = [:]

        var isOver: Bool { tags.isEmpty }
    }

    package func tags(owner: Int64?, name: String) -> [UInt32] {
        if let owner {
            tags.find(owner: owner, name: name).map { [$0] } ?? []
        } else {
            tags.findAll(name: name)
        }
    }

    /// Clears the entries that bear one of some tags, looking at no others. Leases of their keys end: what is being
    /// computed for one that was stale is of the time before.
    /// - Returns: how many entries were cleared, by function; `nil` where the connection will be woken for that.
    package mutating func clear(tags ids: [UInt32], for connection: ConnectionID) -> [UInt32: Int]? {
        var clearing = TagClearing(connection: connection, tags: [], below: nextRow)
        for id in ids {
            guard let row = tags.clear(id, below: nextRow) else { continue }
            hidePublished(tag: id)
            enqueue(.tag(row))
            clearing.tags.append(id)
        }
        takeOut(&clearing, isFirst: true)
        if clearing.isOver { return clearing.counts }
        taggedLeases += leases.keys
        if !endLeasesOfTagged(atMost: limits.reclaimEntries) { taggedLeases = [] }
        tagClearings.append(clearing)
        needsMaintenance = true
        return nil
    }

    /// The same for a tag that nobody here waits for.
    mutating func clearUnwatched(tag id: UInt32) {
        let nobody = ConnectionID(rawValue: .max)
        guard clear(tags: [id], for: nobody) == nil else { return }
        leaveTagClearing(nobody)
    }

    /// What the clear that a connection waits for came to; `nil` where it is not over.
    package mutating func takeCleared(_ connection: ConnectionID) -> [UInt32: Int]? {
        guard let index = tagClearings.firstIndex(where: { $0.connection == connection }),
            tagClearings[index].isOver
        else { return nil }
        return tagClearings.remove(at: index).counts
    }

    /// A connection is gone.
    mutating func leaveTagClearing(_ connection: ConnectionID) {
        guard let index = tagClearings.firstIndex(where: { $0.connection == connection }) else { return }
        tagClearings[index].connection = nil
        if tagClearings[index].isOver { tagClearings.remove(at: index) }
    }

    /// A piece of what is still to be taken out.
    /// - Returns: whether there is more.
    mutating func takeOutCleared() -> Bool {
        guard let index = tagClearings.firstIndex(where: { !$0.isOver }) else { return false }
        // Out of the array meanwhile, so that its counts are not copied.
        var clearing = exchange(&tagClearings[index], with: TagClearing(tags: [], below: 0))
        takeOut(&clearing, isFirst: false)
        tagClearings[index] = clearing
        guard clearing.isOver else { return true }
        if let connection = clearing.connection {
            wakes.append(connection)
        } else {
            tagClearings.remove(at: index)
        }
        return tagClearings.contains { !$0.isOver }
    }

    private mutating func takeOut(_ clearing: inout TagClearing, isFirst: Bool) {
        var left = limits.reclaimEntries
        while let id = clearing.tags.last {
            while let slot = tags.oldest(of: id), entries[slot].row < clearing.below {
                if left == 0 { return forgetUnusedTags() }
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
        while left > 0, let (function, short) = taggedLeases.popLast() {
            left -= 1
            if bearsTag(function, short) { leases.end(function: function, short: short, now: now) }
        }
        work.spend(limit - left)
        return !taggedLeases.isEmpty
    }

    /// Whether a key with this lower half of its hash has an entry with a tag.
    private func bearsTag(_ function: UInt32, _ short: UInt32) -> Bool {
        var slot = entries.first(short)
        while slot != Entry.none {
            let entry = entries[slot]
            if entry.hash == short, entry.function == function, entry.flags.contains(.tagged) { return true }
            slot = entry.chain
        }
        return false
    }

    /// Whether the lease of a key ends with the clear of a tag that is under way.
    func endsWithTag(_ function: UInt32, _ hash: UInt64) -> Bool {
        !taggedLeases.isEmpty && bearsTag(function, UInt32(truncatingIfNeeded: hash))
    }
}
