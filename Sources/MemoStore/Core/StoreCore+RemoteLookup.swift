internal import RemoteLink

/// What became of asking others for a key.
package enum RemoteAnswer: Sendable {
    /// They are not asked, or have not got it.
    case no
    /// They are: the connection is woken when they have answered.
    case asked(UInt64)
    /// Another machine computes it: ask again after this many ms.
    case taken(pauseMs: Int64)
}

/// Look-ups in the shared tier.
extension StoreCore {
    /// Whether a function's missing keys may be asked for.
    @inline(__always)
    package func isShared(_ function: FunctionSlot) -> Bool { functions[function].sharing != .none }

    /// Whether nothing of a function is served, because others cannot be heard.
    @inline(__always)
    package func isWithheld(_ function: FunctionSlot) -> Bool { functions[function].isWithheld }

    /// Whether a key is surely not here, on the disk neither.
    package func isMissing(_ function: FunctionSlot, _ key: UnsafeRawBufferPointer, hash: UInt64) -> Bool {
        var steps = 0
        return switch lookUp(function, key, hash: hash, loadedRows: [], &steps) {
        case .absent: true
        case .here(_, let payload): payload.expires <= now
        case .cold: false
        }
    }

    /// Asks others for keys that are not here.
    /// - Parameter leaseMs: how long the request would have a lease for the one key.
    package mutating func askRemote(
        _ function: FunctionSlot, _ keys: [(bytes: UnsafeRawBufferPointer, hash: UInt64)],
        for connection: ConnectionID, leaseMs: Int64? = nil
    ) -> RemoteAnswer {
        guard functions[function].sharing != .none, let configuration = remote.configuration else {
            return .no
        }
        guard remote.phase == .up, configuration.mode != .writeOnly, remote.namespace.isUsable else {
            return skip(keys.count)
        }
        let name = Array(functions[function].row.name.utf8)
        let number = functions[function].row.id
        var known = remote.functions.index(forKey: name)
        if known == nil, remote.hasRoom(for: .function(name)) {
            remote.functions[name] = RemoteFunction()
            known = remote.functions.index(forKey: name)
        }
        guard let place = known else { return skip(keys.count) }
        let shared = remote.functions.values[place]
        guard shared.epoch.pending == 0,
            remote.functions.values[place].benefit.pays(
                roundTripMicroseconds: remote.link?.nodes.first?.roundTripMicroseconds ?? 0)
        else { return skip(keys.count) }

        var wanted: [RemoteFlights.Key] = []
        for (bytes, hash) in keys {
            let key = RemoteFlights.Key(function: number, hash: hash, bytes: Array(bytes))
            if keys.count == 1, let flight = remote.flights.flight(of: key) {
                remote.flights[flight]?.waiters.append(connection)
                return .asked(flight)
            }
            let missKey = RecentMisses.Key(function: number, hash: hash)
            if shared.isLeased, keys.count == 1 {
                // It is for this host to compute it.
                if remote.leases.own(missKey, now: now) != nil { continue }
                if leaseMs != nil, let time = remote.leases.asksAgain(missKey) {
                    if time > now { return .taken(pauseMs: time - now) }
                    remote.leases.forgetTaken(missKey)
                    remote.misses[missKey]?.at = 0
                }
            }
            if let miss = remote.misses[missKey], now - miss.at < Self.missMs { continue }
            if isDeletionPending(name, key.bytes) { continue }
            wanted.append(key)
        }
        guard !wanted.isEmpty, remote.flights.hasRoom(for: wanted.count) else { return skip(keys.count) }
        let id = remote.makeID()
        // Epochs that are not known come with it.
        let fields: [EpochField] = shared.epoch.known == 0 ? [.function(name)] : []
        let lease = remoteLease(shared, wanted.count, leaseMs)
        guard
            remote.send(
                .lookup(
                    .init(
                        id: id, budgetMs: UInt64(configuration.budgetMs), function: name,
                        keys: wanted.map(\.bytes), epochs: fields, lease: lease)))
        else { return skip(keys.count) }
        if !fields.isEmpty {
            remote.epochRequests[id] = .init(fields: fields, asOf: remote.epochChanges, purpose: .lookup)
        }
        remote.flights.begin(
            id, .init(function: name, keys: wanted, waiters: [connection], began: now, lease: lease))
        return .asked(id)
    }

    private mutating func skip(_ count: Int) -> RemoteAnswer {
        remote.figures.skipped += Int64(count)
        return .no
    }

    /// How long a key that others have not got is not asked for again.
    private static let missMs: Int64 = 1000

    /// Whether a look-up is still under way.
    package func isUnderWay(_ lookup: UInt64) -> Bool { remote.flights[lookup] != nil }

    /// A request no longer waits: what comes after this is of use to others only.
    package mutating func remoteTimedOut(_ lookup: UInt64, _ connection: ConnectionID) {
        if remote.flights[lookup]?.isInspection == true {
            _ = remote.flights.end(lookup)
            return
        }
        remote.flights[lookup]?.waiters.removeAll { $0 == connection }
        remote.figures.timeouts += 1
    }

    /// Counts what a request's look-up came to.
    package mutating func countRemote(_ function: FunctionSlot, hits: Int, misses: Int) {
        remote.figures.hits += Int64(hits)
        remote.figures.misses += Int64(misses)
        remote.functions[Array(functions[function].row.name.utf8)]?.count(hits: hits, misses: misses)
    }

    // MARK: answers

    mutating func found(_ id: UInt64, _ found: [LinkReply.Found], isLast: Bool) {
        guard let flight = remote.flights[id] else { return }
        var standing = standing(of: flight.function)
        for one in found where one.index < UInt64(flight.keys.count) {
            if flight.isInspection { return inspected(id, one.finding) }
            if flight.lease != nil { leased(flight, one.finding) }
            consider(id, flight, Int(one.index), one.finding, &standing)
        }
        guard isLast else { return }
        remote.flights[id]?.isAnswered = true
        // Where its function's epoch is known and stands nothing keeps it open but tags.
        if standing.function != nil, remote.flights.isVerified(id) {
            wakeups.wake(remote.flights.end(id))
        } else {
            finish(id)
        }
    }

    /// - Parameter flight: as it was when the first of its keys that came now was considered.
    private mutating func consider(
        _ id: UInt64, _ flight: RemoteFlights.Flight, _ index: Int, _ finding: LinkReply.Finding,
        _ standing: inout Standing
    ) {
        let key = flight.keys[index]
        switch finding {
        case .failed(let failure):
            if failure == .timeout { remote.figures.timeouts += 1 } else { remote.figures.errors += 1 }
        case .miss(let generation):
            guard !remote.flights.isVoid(id, index), let function = functions.find(key.function) else {
                return
            }
            note(generation, of: key, in: function)
            remote.misses[.init(function: key.function, hash: key.hash)] = .init(
                generation: generation, at: now)
        case .hit(let entry):
            guard !remote.flights.isVoid(id, index), let function = functions.find(key.function) else {
                return
            }
            if standing.covers(entry), remote.phase == .up, remote.deletions.isEmpty {
                return fill(function, key, entry, flight)
            }
            // What it leads to may change what holds.
            defer { standing = self.standing(of: flight.function) }
            switch judge(entry, flight.function, key) {
            case .good: fill(function, key, entry, flight)
            case .bad:
                note(entry.generation, of: key, in: function)
                remote.misses[.init(function: key.function, hash: key.hash)] = .init(
                    generation: entry.generation, at: now)
            case .unknown(let fields):
                remote.flights[id]?.unverified[index] = entry
                _ = askEpochs(fields, .tags(flight: id))
            }
        }
    }

    /// The epochs of namespace and function that hold, as long as nothing else happens; `nil`: none does.
    private struct Standing {
        var namespace: Epoch?
        var function: Epoch?

        /// Whether an entry without tags is of now. Others are to be looked at with care.
        func covers(_ entry: SharedValue) -> Bool {
            entry.tags.isEmpty && entry.namespaceEpoch == namespace && entry.functionEpoch == function
        }
    }

    private func standing(of name: [UInt8]) -> Standing {
        let (namespace, function) = (remote.namespace, remote[.function(name)])
        return Standing(
            namespace: namespace.isUsable ? namespace.known : nil,
            function: function.isUsable ? function.known : nil)
    }

    private enum Judgement {
        case good, bad
        /// Its tags' epochs are to be read first.
        case unknown([EpochField])
    }

    /// Whether an entry is of now: the epochs that it was computed under are those that hold.
    private mutating func judge(_ entry: SharedValue, _ name: [UInt8], _ key: RemoteFlights.Key) -> Judgement
    {
        guard remote.phase == .up, !isDeletionPending(name, key.bytes) else { return .bad }
        guard isOfNow(.namespace, entry.namespaceEpoch), isOfNow(.function(name), entry.functionEpoch) else {
            return .bad
        }
        var unknown: [EpochField] = []
        for tag in entry.tags {
            let field = EpochField.tag(tag.name)
            if remote[field].known == 0, !remote[field].needsRaise {
                unknown.append(field)
            } else if !isOfNow(field, tag.epoch) {
                return .bad
            }
        }
        return unknown.isEmpty ? .good : .unknown(unknown)
    }

    private mutating func isOfNow(_ field: EpochField, _ epoch: Epoch) -> Bool {
        if epoch > remote[field].known, remote[field].known != 0 { adopt(field, epoch) }
        return remote[field].isUsable && remote[field].known == epoch
    }

    /// What was learnt of the tags of a look-up's entries is considered.
    mutating func verifiedTags(_ id: UInt64) {
        guard let flight = remote.flights[id] else { return }
        remote.flights[id]?.unverified = [:]
        for (index, entry) in flight.unverified {
            // What is still not known will not be.
            if case .good = judge(entry, flight.function, flight.keys[index]),
                !flight.void.contains(index), let function = functions.find(flight.keys[index].function)
            {
                fill(function, flight.keys[index], entry, flight)
            }
        }
        if flight.isAnswered { finish(id) }
    }

    /// Ends a look-up that is answered, unless its function's epoch is being made: a lease that is granted before that is for
    /// nothing.
    private mutating func finish(_ id: UInt64, evenUnraised: Bool = false) {
        guard let flight = remote.flights[id], flight.isAnswered, flight.unverified.isEmpty else { return }
        if !evenUnraised, remote.functions[flight.function]?.epoch.isWanted == true, remote.takesWrites,
            remote.phase == .up
        {
            return
        }
        wakeups.wake(remote.flights.end(id))
    }

    mutating func finishAnsweredFlights(evenUnraised: Bool = false) {
        for id in remote.flights.ids { finish(id, evenUnraised: evenUnraised) }
    }

    /// What generation a key has there. Another one than was known: it was deleted, and what is computed for it is of before.
    private mutating func note(_ generation: Generation, of key: RemoteFlights.Key, in function: FunctionSlot)
    {
        let known = remote.misses[.init(function: key.function, hash: key.hash)]?.generation ?? .none
        guard known != generation else { return }
        key.bytes.withUnsafeBytes { dropLocally(function, $0, hash: key.hash) }
    }

    /// Keeps what was found as if it had been put here.
    private mutating func fill(
        _ function: FunctionSlot, _ key: RemoteFlights.Key, _ entry: SharedValue,
        _ flight: RemoteFlights.Flight
    ) {
        let missKey = RecentMisses.Key(function: key.function, hash: key.hash)
        let miss = remote.misses[missKey]
        // One that is not remembered was not deleted, as far as is known.
        if miss != nil || entry.generation != .none {
            note(entry.generation, of: key, in: function)
            remote.misses[missKey] = .init(generation: entry.generation, at: 0)
        }
        releaseRemotely(missKey)
        remote.leases.forgetTaken(missKey)
        if flight.waiters.isEmpty { remote.figures.lateFills += 1 }
        let names = entry.tags.map { String(decoding: $0.name, as: UTF8.self) }
        guard let numbers = names.isEmpty ? [] : internTags(owner: FunctionRow.everyone, names: names) else {
            return
        }
        key.bytes.withUnsafeBytes { bytes in
            entry.value.withUnsafeBytes { value in
                guard case .absent = find(function, bytes, hash: key.hash, loadedRows: []) else { return }
                var put = PutRequest(key: bytes, hash: key.hash, value: value, uid: .max)
                // What is left of its time was read when the answer was sent, at the earliest when it was asked for.
                let age = max(0, now - flight.began)
                put.ttlMs = entry.ttlMs.map { max(0, $0 - age) }
                put.staleMs = entry.ttlMs.map { max(0, entry.graceMs - max(0, age - $0)) } ?? entry.graceMs
                put.costMs = Int64(entry.costMs)
                put.tags = numbers
                put.isFromRemote = true
                _ = self.put(function, put, loadedRows: [])
            }
        }
    }
}
