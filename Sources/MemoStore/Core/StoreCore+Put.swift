/// What to store, and on which conditions.
package struct PutRequest {
    package var key: UnsafeRawBufferPointer
    package var hash: UInt64
    package var value: UnsafeRawBufferPointer
    /// Fresh for this long; `nil`: for ever.
    package var ttlMs: Int64?
    package var staleMs: Int64
    package var costMs: Int64
    package var uid: UInt32
    /// From `internTags`.
    package var tags: [TagID]
    package var lease: LeaseToken?
    package var ifAbsent: Bool
    /// Of a large value.
    package var prepared: PreparedValue?
    /// The client said what it cost.
    package var hasCost = false
    /// It came from another machine.
    package var isFromRemote = false

    package init(key: UnsafeRawBufferPointer, hash: UInt64, value: UnsafeRawBufferPointer, uid: UInt32) {
        self.key = key
        self.hash = hash
        self.value = value
        self.uid = uid
        staleMs = 0
        costMs = 0
        tags = []
        ifAbsent = false
    }
}

package enum PutOutcome: Equatable {
    case stored
    case leaseLost
    case exists
    /// The function's maxsize is 0.
    case maxsize
    /// Larger than the cold tier or the function's max_bytes, or than memory for what does not go to the disk.
    case tooLarge
    /// Read this from disk and ask again.
    case cold(RowReference)
    /// There is no memory for it.
    case noMemory
    /// It has a new tag, and there are too many.
    case tooManyTags
}

extension StoreCore {
    /// The ttl and the grace time that a function's entries have if a put does not say.
    package func defaults(_ function: FunctionSlot) -> (ttlMs: Int64?, staleMs: Int64) {
        (functions[function].row.ttlMs, functions[function].row.staleMs ?? 0)
    }

    /// The tags that an entry is to bear, which stay until it was put. If there are too many, entries
    /// that bear others are evicted.
    /// - Returns: `nil` if there are too many tags all the same.
    package mutating func internTags(owner: Int64, names: [String]) -> [TagID]? {
        let known = names.compactMap { tags.find(owner: owner, name: $0) }
        tags.pin(known)
        let new = names.count - known.count
        if new > 0, tags.areTooMany(new, of: owner) { makeRoomForTags(new, of: owner) }
        var ids: [TagID] = []
        for name in names {
            guard let (id, isNew) = tags.intern(owner: owner, name: name) else {
                tags.pin(ids)
                unpinTags()
                return nil
            }
            if isNew, let row = tags[id]?.row { enqueue(.tag(row)) }
            ids.append(id)
        }
        tags.pin(ids)
        return ids
    }

    /// Evicts the entries of the tags that the fewest bear, until there is room for this many more.
    private mutating func makeRoomForTags(_ new: Int, of owner: Int64) {
        forgetUnusedTags()
        tags.beginRelief(of: owner)
        var tries = 0
        let end = work.units + limits.pieceWork
        while tags.areTooMany(new, of: owner), tries < 2 * max(1, new),
            let id = tags.smallest(of: owner, &random)
        {
            tries += 1
            while let slot = tags.oldest(of: id) {
                // There may be some more tags for a while: the maintenance thread goes on.
                if work.units >= end {
                    wakeups.callMaintenance()
                    return forgetUnusedTags()
                }
                work.spend(1)
                // What was cleared is no entry any more.
                if isLinked(slot) { remove(slot, .evicted, .tags) } else { tags.dropOldest(of: id) }
            }
            forgetUnusedTags()
        }
    }

    /// Goes on with that, a piece at a time.
    /// - Returns: whether there is more to do.
    mutating func relieveTags() -> Bool {
        guard let owner = tags.nextCrowded() else { return false }
        makeRoomForTags(0, of: owner)
        return true
    }

    /// Whether an entry is still in its function's list: not cleared with the function.
    func isLinked(_ slot: Slot) -> Bool {
        entries[slot].row >= functions[entries[slot].function].row.clearedBelow
    }

    /// The tags of a put under way are those of an entry now, or of none.
    private mutating func unpinTags() {
        tags.pin([])
        forgetUnusedTags()
    }

    mutating func forgetUnusedTags() {
        for id in tags.takeUnused() { enqueue(.forgetTag(id)) }
    }

    /// Evicts entries that bear tags, approximately those that were not used for longest, until all of that keeps to its
    /// budget; a bounded number of them.
    mutating func trimTags() {
        var evictions = 0
        while tags.isOver, evictions < limits.evictionsPerPut {
            evictions += 1
            var victim = Entry.none
            var oldest = UInt64.max
            for _ in 0..<HotTier.samples * 4 {
                guard let slot = tags.draw(&random), entries[slot].used < oldest, isLinked(slot) else {
                    continue
                }
                oldest = entries[slot].used
                victim = slot
            }
            if victim != Entry.none { remove(victim, .evicted, .tags) }
        }
        forgetUnusedTags()
    }

    /// Stores an entry: visible at once, in the queue for the database.
    package mutating func put(_ function: FunctionSlot, _ request: PutRequest, loadedRows: [LoadedRow])
        -> PutOutcome
    {
        takeUses(before: function)
        let outcome = store(function, request, loadedRows)
        if !request.tags.isEmpty {
            unpinTags()
            if tags.isOver { trimTags() }
        }
        return outcome
    }

    @inline(__always)
    private mutating func store(_ function: FunctionSlot, _ request: PutRequest, _ loadedRows: [LoadedRow])
        -> PutOutcome
    {
        let existing: Slot?
        switch find(function, request.key, hash: request.hash, loadedRows: loadedRows) {
        case .cold(let reference): return .cold(reference)
        case .absent: existing = nil
        case .here(let slot, let payload):
            if request.ifAbsent, payload.expires > now { return .exists }
            existing = slot
        }
        if let token = request.lease {
            let leaseKey = LeaseTable.Key(function: function, hash: request.hash, key: request.key)
            guard leases.isHeld(leaseKey, token: token, uid: request.uid, now: now),
                !endsWithTag(function, request.hash)
            else { return .leaseLost }
        }
        let short = UInt32(truncatingIfNeeded: request.hash)
        let diskBytes = ColdSize.bytes(key: request.key.count, value: request.value.count)
        if diskBytes > cold.limit || diskBytes > functions[function].row.maxBytes ?? .max {
            return rejectTooLarge(function, request, over: existing)
        }
        if functions[function].row.maxsize == 0 {
            statistics.ghosts.add(
                hash: short, function: functions[function].row.id, at: now, .rejected, .maxsize)
            return .maxsize
        }
        let isUnpersisted = degraded != nil || !functions[function].row.persists
        guard
            let payload = makePayload(
                metadata(of: request), tags: request.tags, key: request.key, value: request.value,
                prepared: request.prepared)
        else { return .noMemory }
        if isUnpersisted, payload.soleBytes + HotTier.overhead > hot.limit {
            payload.release()
            return rejectTooLarge(function, request, over: existing)
        }
        if existing == nil, entries.count >= entries.capacity - 1 { trimCold() }
        guard let slot = takeSlot(function, short, over: existing, unpersisted: isUnpersisted) else {
            payload.release()
            return .noMemory
        }
        if functions[function].sharing != .none, !request.isFromRemote { shareRemotely(function, request) }
        finishPut(function, slot, payload, unpersisted: isUnpersisted, hash: request.hash)
        if !leases.isEmpty {
            leases.fulfil(LeaseTable.Key(function: function, hash: request.hash, key: request.key))
        }
        return .stored
    }

    private func metadata(of request: PutRequest) -> EntryMetadata {
        var metadata = EntryMetadata(
            created: now, costMs: UInt32(clamping: request.costMs), uid: request.uid)
        if let ttl = request.ttlMs {
            metadata.fresh = Self.later(now, by: ttl)
        }
        metadata.expires = Self.end(ofGrace: request.staleMs, after: metadata.fresh)
        return metadata
    }

    /// When an entry ends that is fresh until then. What is fresh for ever ends so long before the end of time that a
    /// touch knows its grace time.
    private static func end(ofGrace grace: Int64, after fresh: Int64) -> Int64 {
        fresh == .max ? .max - min(grace, .max / 4) : later(fresh, by: grace)
    }

    /// The slot of a new entry, or of the one it replaces, with a row of its own.
    private mutating func takeSlot(
        _ function: FunctionSlot, _ short: UInt32, over existing: Slot?, unpersisted: Bool
    ) -> Slot? {
        guard let slot = existing else {
            let entry = Entry(hash: short, function: function, row: cold.nextRow, used: journal.lastUse)
            guard let new = entries.insert(entry) else { return nil }
            _ = cold.takeRow()
            link(new)
            functions[function].count += 1
            statistics.ghosts.remove(hash: short, function: functions[function].row.id)
            return new
        }
        endVersion(slot)
        let old = entries[slot]
        if !old.flags.contains(.unpersisted) {
            let bytes = Self.coldBytes(of: old)
            enqueue(.delete(row: old.row, bytes: bytes))
            cold.remove(bytes: bytes)
        }
        functions[function].bytes -= Self.coldBytes(of: old)
        if let payload = old.payload {
            leaveHot(slot, payload)
            payload.release()
        }
        if old.flags.contains(.tagged) { tags.remove(slot) }
        entries[slot].setCold(bytes: 0)
        entries[slot].row = cold.takeRow()
        entries[slot].hits = 0
        return slot
    }

    private mutating func finishPut(
        _ function: FunctionSlot, _ slot: Slot, _ payload: Payload, unpersisted: Bool, hash: UInt64
    ) {
        let row = entries[slot].row
        functions[function].bytes += ColdSize.bytes(payload)
        var flags = entries[slot].flags.subtracting([.unpersisted, .tagged])
        if unpersisted { flags.insert(.unpersisted) }
        if !payload.tags.isEmpty { flags.insert(.tagged) }
        entries[slot].flags = flags
        entries[slot].expirySeconds = Self.expirySeconds(payload.expires)
        for tag in payload.tags { tags.add(slot, to: tag) }
        work.spend(1 &+ payload.tags.count)
        if !unpersisted {
            cold.add(bytes: ColdSize.bytes(payload))
            payload.retain()
            enqueue(
                .insert(row: row, function: functions[function].row.id, hash: hash, payload: payload))
        }
        markUsed(slot)
        trim(function)
        makeHot(slot, payload)
        if cold.isOver { trimCold() }
    }

    /// A time this many ms later; for ever if that is beyond all time.
    private static func later(_ time: Int64, by ms: Int64) -> Int64 {
        let (sum, overflow) = time.addingReportingOverflow(ms)
        return overflow ? .max : sum
    }

    static func expirySeconds(_ expires: Int64) -> UInt32 {
        expires > .max / 2
            ? Entry.never : UInt32(clamping: min(Int64(Entry.never) - 1, (expires + 999) / 1000))
    }

    /// Gives an entry another time to live from now on; the length of its grace time stays.
    package mutating func touch(
        _ function: FunctionSlot, _ key: UnsafeRawBufferPointer, hash: UInt64, ttlMs: Int64?,
        loadedRows: [LoadedRow]
    ) -> (touched: Bool, cold: RowReference?) {
        takeUses(before: function)
        switch find(function, key, hash: hash, loadedRows: loadedRows) {
        case .cold(let reference): return (false, reference)
        case .absent: return (false, nil)
        case .here(let slot, let payload):
            guard payload.expires > now else {
                expire(slot)
                return (false, nil)
            }
            var metadata = payload.metadata
            let grace = payload.graceMs
            metadata.fresh = ttlMs.map { Self.later(now, by: $0) } ?? .max
            metadata.expires = Self.end(ofGrace: grace, after: metadata.fresh)
            guard let copy = copy(payload, metadata) else { return (false, nil) }
            // It becomes another row, as in a put: until that is committed its payload stays in memory, and no read
            // from disk can bring the old time back.
            let hits = entries[slot].hits
            let isUnpersisted = degraded != nil || !functions[function].row.persists
            let short = UInt32(truncatingIfNeeded: hash)
            if !copy.tags.isEmpty { tags.pin(Array(copy.tags)) }
            guard let new = takeSlot(function, short, over: slot, unpersisted: isUnpersisted) else {
                copy.release()
                return (false, nil)
            }
            if functions[function].sharing != .none { shareRemotely(function, hash: hash, copy) }
            finishPut(function, new, copy, unpersisted: isUnpersisted, hash: hash)
            if !copy.tags.isEmpty { unpinTags() }
            entries[new].hits = hits
            return (true, nil)
        }
    }

    /// A payload with the same value, which is not copied if it can be shared.
    private mutating func copy(_ payload: Payload, _ metadata: EntryMetadata) -> Payload? {
        guard payload.isShared else {
            return makePayload(metadata, tags: payload.tags, key: payload.key, value: payload.value)
        }
        hot.interned.retain(payload.block)
        return Payload.allocate(
            metadata, tags: payload.tags, key: payload.key, value: payload.value, block: payload.block)
    }

    /// Turns away what no tier has room for. What it was to replace goes: the caller has said that it is no longer so.
    private mutating func rejectTooLarge(
        _ function: FunctionSlot, _ request: PutRequest, over existing: Slot?
    ) -> PutOutcome {
        if let existing {
            noteDeleteElsewhere(function, request.key)
            remove(existing, .deleted, .tooLarge)
        }
        statistics.ghosts.add(
            hash: UInt32(truncatingIfNeeded: request.hash), function: functions[function].row.id, at: now,
            .rejected, .tooLarge)
        return .tooLarge
    }

    /// Ends a lease without storing anything.
    package mutating func release(
        _ function: FunctionSlot, _ key: UnsafeRawBufferPointer, hash: UInt64, token: LeaseToken, uid: UInt32
    ) -> Bool {
        let leaseKey = LeaseTable.Key(function: function, hash: hash, key: key)
        guard leases.isHeld(leaseKey, token: token, uid: uid, now: now) else { return false }
        leases.end(leaseKey, now: now)
        return true
    }
}
