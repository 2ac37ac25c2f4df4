/// Clearing tags. Entries with one, older than the mark set here, are dead at once; they are counted and taken out of
/// their functions by the maintenance thread, in pieces, where they are many.
extension StoreCore {
    struct TagClearing {
        /// Who waits for it, if still somebody does.
        var connection: ConnectionID?
        let tags: [UInt32]
        let members: [TagTable.Member]
        var next = 0
        /// How many entries were cleared, by function.
        var counts: [UInt32: Int] = [:]

        var isOver: Bool { next == members.count }
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
        var members: [TagTable.Member] = []
        for id in ids where tags[id] != nil {
            tags[id]!.row.clearedBelow = nextRow
            hidePublished(tag: id)
            members += exchange(&tags[id]!.members, with: [])
            tags[id]!.compactAt = 64
            enqueue(.tag(tags[id]!.row))
        }
        var clearing = TagClearing(connection: connection, tags: ids, members: members)
        takeOut(&clearing)
        if clearing.isOver { return clearing.counts }
        endLeasesOfTagged()
        tagClearings.append(clearing)
        needsMaintenance = true
        return nil
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
        var clearing = tagClearings[index]
        takeOut(&clearing)
        tagClearings[index] = clearing
        guard clearing.isOver else { return true }
        if let connection = clearing.connection {
            wakes.append(connection)
        } else {
            tagClearings.remove(at: index)
        }
        return tagClearings.contains { !$0.isOver }
    }

    private mutating func takeOut(_ clearing: inout TagClearing) {
        let isFirst = clearing.next == 0
        let end = min(clearing.next + limits.reclaimEntries, clearing.members.count)
        for member in clearing.members[clearing.next..<end] where isCurrent(member.slot, row: member.row) {
            let function = entries[member.slot].function
            guard entries[member.slot].row >= functions[function].row.clearedBelow else { continue }
            clearing.counts[function, default: 0] += 1
            // Later ones are of the time after the clear.
            if isFirst, leases.concerns(function: function) {
                leases.end(function: function, short: entries[member.slot].hash, now: now)
            }
            remove(member.slot, .cleared, .clearTag)
        }
        clearing.next = end
    }

    /// Ends the leases of all keys that have an entry with a tag, whichever it is: to look at all that bear this one
    /// takes long, and a lease less is only work done twice.
    private mutating func endLeasesOfTagged() {
        for (function, short) in leases.keys {
            var slot = entries.first(short)
            while slot != Entry.none {
                let entry = entries[slot]
                if entry.hash == short, entry.function == function, entry.flags.contains(.tagged) {
                    leases.end(function: function, short: short, now: now)
                    break
                }
                slot = entry.chain
            }
        }
    }
}
