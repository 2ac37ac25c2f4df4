extension StoreCore {
    enum Found {
        case absent
        /// The payload is the caller's to read until the lock is released.
        case here(Slot, Payload)
        /// An entry that may be it; its key is on disk.
        case cold(RowReference)
    }

    /// Looks for the entry of a key, expired or not.
    /// - Parameter loadedRows: what was read from disk for this request so far.
    @inline(__always)
    mutating func find(
        _ function: FunctionSlot, _ key: UnsafeRawBufferPointer, hash: UInt64, loadedRows: [LoadedRow]
    ) -> Found {
        var steps = 0
        let found = lookUp(function, key, hash: hash, loadedRows: loadedRows, &steps)
        // Entries of the same key that were cleared, one time after the other, are in its bucket until they are taken out.
        if steps > Self.usualSteps { work.spend(steps / 2) }
        return found
    }

    private static let usualSteps = 8

    @inline(__always)
    func lookUp(
        _ function: FunctionSlot, _ key: UnsafeRawBufferPointer, hash: UInt64, loadedRows: [LoadedRow],
        _ steps: inout Int
    ) -> Found {
        let short = UInt32(truncatingIfNeeded: hash)
        var slot = entries.first(short)
        while slot != Entry.none {
            steps &+= 1
            let entry = entries[slot]
            if entry.hash == short, entry.function == function,
                entry.row >= functions[function].row.clearedBelow
            {
                if let payload = entry.payload {
                    if payload.key.isEqual(to: key), !isCleared(entry, payload) {
                        return .here(slot, payload)
                    }
                } else {
                    let read = loadedRows.first { $0.reference.slot == slot && $0.reference.row == entry.row }
                    guard let read else { return .cold(RowReference(slot: slot, row: entry.row)) }
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
    package func coldReference(
        _ function: FunctionSlot, _ key: UnsafeRawBufferPointer, hash: UInt64, loadedRows: [LoadedRow]
    ) -> RowReference? {
        var steps = 0
        let found = lookUp(function, key, hash: hash, loadedRows: loadedRows, &steps)
        return if case .cold(let reference) = found { reference } else { nil }
    }

    /// What the entry of a key takes, if there is one, or another one with the same lower half of its hash.
    package func size(_ function: FunctionSlot, hash: UInt64) -> Int {
        let short = UInt32(truncatingIfNeeded: hash)
        var slot = entries.first(short)
        while slot != Entry.none {
            let entry = entries[slot]
            if entry.hash == short, entry.function == function { return Self.coldBytes(of: entry) }
            slot = entry.chain
        }
        return 0
    }

    /// Brings what was read from disk into memory, as far as the entries are still the same.
    package mutating func adopt(_ loadedRows: [LoadedRow]) {
        for loadedRow in loadedRows {
            let slot = loadedRow.reference.slot
            guard isCurrent(slot, row: loadedRow.reference.row), entries[slot].payload == nil else {
                continue
            }
            guard loadedRow.payload.footprint + HotTier.overhead <= hot.limit else { continue }
            let read = loadedRow.payload
            // What others have is shared; a large one was compared with theirs before.
            let block =
                loadedRow.prepared.map { $0.take(for: hot.interned) } ?? hot.interned.intern(read.value)
            if loadedRow.prepared == nil { work.spend(bytes: read.value.count) }
            if let block,
                let payload = Payload.allocate(
                    read.metadata, tags: read.tags, key: read.key, value: read.value, block: block)
            {
                makeHot(slot, payload)
            } else {
                read.retain()
                makeHot(slot, read)
            }
        }
    }

    /// What there is to read, about.
    package func bytes(of reference: RowReference) -> Int { entries[reference.slot].coldBytes }

    package func release(_ loadedRows: [LoadedRow]) {
        for loadedRow in loadedRows {
            loadedRow.prepared?.discard()
            loadedRow.payload.release()
        }
    }

    /// A row could not be read, or its checksum was wrong: the entry goes.
    package mutating func dropDamaged(_ reference: RowReference) {
        // What was cleared meanwhile is in no list of entries any more, and goes by itself.
        guard isCurrent(reference.slot, row: reference.row),
            reference.row >= functions[entries[reference.slot].function].row.clearedBelow
        else { return }
        cold.countDamaged()
        remove(reference.slot, .evicted, .damaged)
    }

    /// The same, if only the rows are known, for a part of the index.
    mutating func dropDamaged(rows: Set<Int64>, in slots: Range<Slot>) {
        for slot in slots where rows.contains(entries[slot].row) {
            dropDamaged(RowReference(slot: slot, row: entries[slot].row))
        }
    }

    func isCurrent(_ slot: Slot, row: Int64) -> Bool { entries.isCurrent(slot, row: row) }
}
