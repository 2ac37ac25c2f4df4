internal import RemoteLink

/// Epochs: what is learnt of them, and what this host raises.
extension StoreCore {
    // MARK: heard

    mutating func heard(_ event: LogEvent) {
        switch event.subject {
        case .raised(let field, let epoch):
            heardRaise(of: field, to: epoch, isOwn: event.instance == remote.instance)
        case .deleted(let function, let key):
            let deletion = RemoteState.Deletion(function: function, key: key)
            // What came here since our own delete was acknowledged is younger.
            if event.instance == remote.instance, remote.deletions[deletion] == nil { return }
            if remote.functions[function] != nil {
                remote.functions[function]!.deletedAt = now
                remote.functions[function]!.isDirty = true
            }
            drop(function: function, key: key)
        }
    }

    private mutating func heardRaise(of field: EpochField, to epoch: Epoch, isOwn: Bool) {
        var record = remote[field]
        if epoch > record.known {
            // The answer to our own request comes yet.
            if isOwn, record.raise != nil { return }
            return adopt(field, epoch)
        }
        guard record.awaitsLine else { return }
        let isSharedUnheard = record.isSharedUnheard
        if epoch == record.known || isOwn {
            record.awaitsLine = false
            record.isSharedUnheard = false
            remote[field] = record
        }
        guard !isOwn else { return }
        clearHere(field)
        // What was shared under it may be of before that clear.
        if isSharedUnheard { noteClear(field) }
    }

    /// What the servers have now. Less than is known, or nothing: they lost it, and it is raised again.
    mutating func read(_ field: EpochField, _ epoch: Epoch, asOf: UInt64) {
        var record = remote[field]
        if epoch > record.known {
            guard record.known == 0, remote.hasRoom(for: field) else { return adopt(field, epoch) }
            record.known = epoch
            record.awaitsLine = true
            record.isWanted = false
            record.leasesBefore = leases.serial
            note(&record)
            remote[field] = record
            enqueue(.remote(remote.row(field)))
        } else if epoch < record.known || epoch == 0 {
            guard record.changed <= asOf, remote.takesWrites, remote.hasRoom(for: field) else { return }
            if record.known == 0 {
                record.isWanted = true
            } else if record.pending == 0 {
                record.pending += 1
                record.pendingSince = now
            }
            remote[field] = record
            remote.raising.insert(field)
            if record.pending > 0 { enqueue(.remote(remote.row(field))) }
        }
    }

    /// The same before the tier is used: what was kept of a function before it was shared goes if others have it.
    mutating func verified(_ field: EpochField, _ epoch: Epoch, asOf: UInt64) {
        if case .function(let name) = field, remote.functions[name] == nil {
            guard remote.functions.count < RemoteState.functionsMax else { return }
            remote.functions[name] = RemoteFunction()
            if epoch == 0 { return }
            return adopt(field, epoch)
        }
        // It is made when it is used.
        if epoch == 0, remote[field].known == 0, field != .namespace { return }
        read(field, epoch, asOf: asOf)
    }

    /// A greater epoch: what is here is of before.
    mutating func adopt(_ field: EpochField, _ epoch: Epoch) {
        guard remote.hasRoom(for: field) else { return clearHere(field) }
        var record = remote[field]
        let isTracked = record.known != 0 || record.needsRaise || isShared(field)
        guard isTracked else {
            // Tags of functions that are not shared are cleared as well.
            if case .tag = field { clearHere(field) }
            return
        }
        record.known = epoch
        record.isWanted = false
        record.awaitsLine = false
        record.leasesBefore = leases.serial
        // Who may not raise it has what others raised since.
        if !remote.takesWrites, now - record.pendingSince > RemoteState.silenceMs { record.pending = 0 }
        note(&record)
        remote[field] = record
        clearHere(field)
        enqueue(.remote(remote.row(field)))
    }

    private func isShared(_ field: EpochField) -> Bool {
        switch field {
        case .namespace: return true
        case .tag: return false
        case .function(let name):
            if remote.functions[name] != nil { return true }
            guard let function = function(shared: name) else { return false }
            return functions[function].sharing != .none
        }
    }

    private mutating func note(_ record: inout EpochRecord) {
        remote.epochChanges += 1
        record.changed = remote.epochChanges
    }

    /// The function of this name that is everyone's.
    func function(shared name: [UInt8]) -> FunctionSlot? {
        name.withUnsafeBytes { functions.find(owner: FunctionRow.everyone, name: $0) }
    }

    // MARK: what is here goes

    /// Drops what is here of what was cleared elsewhere, and ends what computes it.
    mutating func clearHere(_ field: EpochField) {
        remote.held.forget { $0.fields.contains(field) }
        switch field {
        case .namespace:
            for name in remote.functions.keys { clearHere(.function(name)) }
        case .function(let name):
            guard let function = function(shared: name) else { return }
            remote.note(RemoteNotice(function: name))
            _ = clear(function: function, cause: .remote, resettingCounters: false)
        case .tag(let name):
            guard
                let tag = tags.find(owner: FunctionRow.everyone, name: String(decoding: name, as: UTF8.self))
            else {
                return
            }
            for function in functionsBearing(tag) { remote.note(RemoteNotice(function: function)) }
            clearUnwatched(tag: tag)
        }
    }

    /// The functions that have entries with a tag.
    private func functionsBearing(_ tag: TagID) -> [[UInt8]] {
        let functions = Set(tags.members(of: tag).map { entries[$0].function })
        return functions.map { Array(self.functions[$0].row.name.utf8) }
    }

    /// A key was deleted elsewhere.
    mutating func drop(function name: [UInt8], key: [UInt8]) {
        remote.flights.void { flight, candidate in flight.function == name && candidate.bytes == key }
        remote.held.forget { $0.put.function == name && $0.put.key == key }
        guard let function = function(shared: name) else { return }
        remote.note(RemoteNotice(function: name, key: key))
        key.withUnsafeBytes { dropLocally(function, $0, hash: hash(function, $0)) }
    }

    /// Takes out the entry of a key, and perhaps another one that its hash cannot be told from without reading, and ends the
    /// key's lease.
    mutating func dropLocally(_ function: FunctionSlot, _ key: UnsafeRawBufferPointer, hash: UInt64) {
        let short = UInt32(truncatingIfNeeded: hash)
        var slot = entries.first(short)
        while slot != Entry.none {
            let entry = entries[slot]
            let next = entry.chain
            if entry.hash == short, entry.function == function,
                entry.row >= functions[function].row.clearedBelow,
                entry.payload.map({ $0.key.isEqual(to: key) }) ?? true
            {
                remove(slot, .deleted, .remote)
            }
            slot = next
        }
        if !leases.isEmpty { leases.end(LeaseTable.Key(function: function, hash: hash, key: key), now: now) }
    }

    /// Lines of the log are missing: every clear and delete may have been among them.
    mutating func missedLines() {
        remote.flights.void { _, _ in true }
        remote.misses.removeAll()
        remote.hasLostNotices = true
        for name in remote.functions.keys { clearHere(.function(name)) }
        raiseForLostDeletes()
    }

    /// The servers may have lost tombstones, ours and others'.
    mutating func raiseForLostDeletes() {
        for (name, function) in remote.functions
        where function.deletedAt > 0 && now - function.deletedAt < RemoteState.tombstoneMs {
            noteClear(.function(name))
        }
    }

    // MARK: raised

    /// Something is cleared here: nothing of it is read or put until the servers have raised its epoch. The note goes into the
    /// database before the clear.
    mutating func noteClear(_ field: EpochField) {
        guard remote.hasRoom(for: field) else { return field == .namespace ? () : noteClear(.namespace) }
        remote.held.forget { $0.fields.contains(field) }
        var record = remote[field]
        record.pending += 1
        if record.pending == 1 { record.pendingSince = now }
        remote[field] = record
        remote.raising.insert(field)
        enqueue(.remote(remote.row(field)))
        raisePending()
    }

    mutating func raisePending() {
        guard !remote.raising.isEmpty, remote.link?.phase == .up, remote.takesWrites else { return }
        var fields: [EpochField] = []
        for field in remote.raising where fields.count < RemoteState.fieldsAtOnce {
            let record = remote[field]
            if !record.needsRaise {
                remote.raising.remove(field)
            } else if record.raise == nil {
                fields.append(field)
            }
        }
        guard !fields.isEmpty else { return }
        let id = remote.makeID()
        guard
            remote.send(
                .raise(
                    id: id,
                    fields.map {
                        LinkRequest.Raise($0, least: remote[$0].pending > 0 ? remote[$0].known + 1 : 0)
                    }))
        else { return }
        for field in fields { remote[field].raise = (id, remote[field].pending) }
        remote.epochRequests[id] = RemoteState.EpochRequest(
            fields: fields, asOf: remote.epochChanges, purpose: .raise)
    }

    /// The servers have raised it for us: what came here since the clear may be of before it, and is cleared once more.
    mutating func raised(_ field: EpochField, _ epoch: Epoch, by id: UInt64) {
        var record = remote[field]
        guard let raise = record.raise, raise.id == id else { return }
        record.raise = nil
        let isFirst = record.known == 0 && record.pending == 0
        if epoch > record.known {
            record.known = epoch
            record.awaitsLine = isFirst
            record.leasesBefore = leases.serial
            note(&record)
        }
        record.isWanted = false
        if record.pending == raise.pending { record.pending = 0 }
        remote[field] = record
        if !record.needsRaise { remote.raising.remove(field) }
        if !isFirst { clearHere(field) }
        enqueue(.remote(remote.row(field)))
    }
}
