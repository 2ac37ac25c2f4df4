extension StoreCore {
    enum Found {
        case absent
        /// The payload is the caller's to read until the lock is released.
        case here(Slot, Payload)
        /// An entry that may be it; its key is on disk.
        case cold(ColdTicket)
    }

    /// Looks for the entry of a key, expired or not.
    /// - Parameter faults: what was read from disk for this request so far.
    @inline(__always)
    func find(_ function: UInt32, _ key: UnsafeRawBufferPointer, hash: UInt64, faults: [Fault]) -> Found {
        let short = UInt32(truncatingIfNeeded: hash)
        var slot = directory.first(short)
        while slot != Entry.none {
            let entry = directory[slot]
            if entry.hash == short, entry.function == function,
                entry.row >= functions[function].row.clearedBelow
            {
                if let payload = entry.payload {
                    if payload.key.isEqual(to: key), !isCleared(entry, payload) {
                        return .here(slot, payload)
                    }
                } else {
                    let read = faults.first { $0.ticket.slot == slot && $0.ticket.row == entry.row }
                    guard let read else { return .cold(ColdTicket(slot: slot, row: entry.row)) }
                    if read.payload.key.isEqual(to: key), !isCleared(entry, read.payload) {
                        return .here(slot, read.payload)
                    }
                }
            }
            slot = entry.chain
        }
        return .absent
    }

    /// Whether an entry bears a tag that was cleared after it was put.
    @inline(__always)
    func isCleared(_ entry: Entry, _ payload: Payload) -> Bool {
        guard entry.flags.contains(.tagged) else { return false }
        return payload.tags.contains { tags.clearedBelow($0) > entry.row }
    }

    /// What has to be read from disk before a key can be looked up, if anything.
    package func coldTicket(
        _ function: UInt32, _ key: UnsafeRawBufferPointer, hash: UInt64, faults: [Fault]
    ) -> ColdTicket? {
        if case .cold(let ticket) = find(function, key, hash: hash, faults: faults) { ticket } else { nil }
    }

    /// Brings what was read from disk into memory, as far as the entries are still the same.
    package mutating func adopt(_ faults: [Fault]) {
        for fault in faults {
            let slot = fault.ticket.slot
            guard isCurrent(slot, row: fault.ticket.row), directory[slot].payload == nil else { continue }
            guard fault.payload.footprint + HotTier.overhead <= hot.limit else { continue }
            let read = fault.payload
            if let block = hot.interned.intern(read.value),
                let payload = Payload.allocate(
                    read.facts, tags: read.tags, key: read.key, value: read.value, block: block)
            {
                makeHot(slot, payload)
            } else {
                read.retain()
                makeHot(slot, read)
            }
        }
    }

    /// What there is to read, about.
    package func bytes(of ticket: ColdTicket) -> Int { directory[ticket.slot].coldBytes }

    package func release(_ faults: [Fault]) {
        for fault in faults { fault.payload.release() }
    }

    /// A row could not be read, or its checksum was wrong: the entry goes.
    package mutating func dropDamaged(_ ticket: ColdTicket) {
        // What was cleared meanwhile is in no list of entries any more, and goes by itself.
        guard isCurrent(ticket.slot, row: ticket.row),
            ticket.row >= functions[directory[ticket.slot].function].row.clearedBelow
        else { return }
        damagedRows += 1
        remove(ticket.slot, .evicted, .damaged)
    }

    /// The same, where only the rows are known, for a part of the directory.
    mutating func dropDamaged(rows: Set<Int64>, in slots: Range<Slot>) {
        for slot in slots where rows.contains(directory[slot].row) {
            dropDamaged(ColdTicket(slot: slot, row: directory[slot].row))
        }
    }

    func isCurrent(_ slot: Slot, row: Int64) -> Bool { directory.isCurrent(slot, row: row) }
}
