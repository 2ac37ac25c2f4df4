internal import RemoteLink

/// Puts, as others get them.
extension StoreCore {
    /// An entry has another time to live.
    mutating func shareRemotely(_ function: FunctionSlot, hash: UInt64, _ payload: Payload) {
        var put = PutRequest(key: payload.key, hash: hash, value: payload.value, uid: payload.uid)
        put.ttlMs = payload.fresh == .max ? nil : max(0, payload.fresh - now)
        put.staleMs = payload.graceMs
        put.costMs = Int64(payload.costMs)
        put.tags = Array(payload.tags)
        shareRemotely(function, put)
    }

    /// A result is put here: the others get it too, under what was known when its computation began. Called while its lease
    /// is still there.
    mutating func shareRemotely(_ function: FunctionSlot, _ request: PutRequest) {
        guard let configuration = remote.configuration else { return }
        let name = Array(functions[function].row.name.utf8)
        if remote.functions[name] == nil {
            guard remote.phase == .up, remote.hasRoom(for: .function(name)) else { return }
            remote.functions[name] = RemoteFunction()
        }
        if request.hasCost { remote.functions[name]!.benefit.computed(inMs: request.costMs) }
        guard functions[function].sharing == .full, remote.takesWrites else { return }
        guard request.value.count <= configuration.valueMax else {
            remote.figures.tooLarge += 1
            return
        }
        var fields = [EpochField.namespace, .function(name)]
        fields += request.tags.compactMap { tags[$0].map { .tag(Array($0.row.name.utf8)) } }
        let leaseSerial =
            request.lease == nil
            ? .max
            : leases.serial(
                of: LeaseTable.Key(function: function, hash: request.hash, key: request.key)) ?? 0
        let key = Array(request.key)
        guard !isDeletionPending(name, key), fields.allSatisfy({ leaseSerial > remote[$0].leasesBefore })
        else {
            return
        }
        let missKey = RecentMisses.Key(function: functions[function].row.id, hash: request.hash)
        let entry = SharedValue(
            namespaceEpoch: 0, functionEpoch: 0,
            tags: fields.compactMap {
                if case .tag(let tag) = $0 { .init(name: tag, epoch: 0) } else { nil }
            },
            generation: remote.misses[missKey]?.generation ?? .none, ttlMs: request.ttlMs,
            graceMs: request.staleMs, costMs: UInt32(clamping: request.costMs), value: Array(request.value))
        // Another host that asks finds it.
        remote.misses[missKey]?.at = 0
        var put = LinkRequest.Put(function: name, key: key, entry: entry)
        put.lease = remote.leases.end(missKey)?.token ?? 0
        let unknown = fields.filter { remote[$0].known == 0 && remote[$0].pending == 0 }
        if unknown.isEmpty { return send(put, fields) }
        // A lease is older than an epoch that is not known yet.
        guard request.lease == nil || unknown.allSatisfy({ if case .tag = $0 { true } else { false } }),
            remote.link?.phase == .up, unknown.allSatisfy({ remote.hasRoom(for: $0) }),
            remote.held.add(put, fields, now: now)
        else {
            remote.figures.putsDropped += 1
            return
        }
        let toAsk = unknown.filter { !remote[$0].isWanted && !remote.asked.contains($0) }
        if !toAsk.isEmpty, askEpochs(toAsk, .lookup) != nil { remote.asked.formUnion(toAsk) }
    }

    /// Sends a put under the epochs that hold.
    private mutating func send(_ put: LinkRequest.Put, _ fields: [EpochField]) {
        guard fields.allSatisfy({ remote[$0].isUsable }) else { return }
        var put = put
        put.entry.namespaceEpoch = remote.namespace.known
        put.entry.functionEpoch = remote[.function(put.function)].known
        for index in put.entry.tags.indices {
            put.entry.tags[index].epoch = remote[.tag(put.entry.tags[index].name)].known
        }
        for field in fields where remote[field].awaitsLine { remote[field].isSharedUnheard = true }
        let bytes = put.entry.value.count + put.key.count + 256
        if !remote.send(.put(put), bytes: bytes) { remote.figures.putsDropped += 1 }
    }

    /// Sends what waited for epochs that are known now.
    mutating func releaseHeld() {
        guard !remote.held.isEmpty else { return }
        for held in remote.held.removeAll() {
            let isUnknown = held.fields.contains { remote[$0].known == 0 && remote[$0].pending == 0 }
            if !isUnknown {
                send(held.put, held.fields)
            } else if now - held.since > HeldPuts.ageMaxMs
                || !remote.held.add(held.put, held.fields, now: held.since)
            {
                remote.figures.putsDropped += 1
            }
        }
    }
}
