internal import MemoStore
internal import MemoWire
internal import Platform

/// Look-ups on other machines: a request is suspended for them as it is for the disk.
extension Dispatcher {
    /// Executes a `get` of a key that others may have. Not a part of `get`, which is inlined.
    @inline(never)
    func getRemotely(
        _ core: inout StoreCore, _ probe: KeyProbe, _ batch: RequestBatch, _ index: Int, _ key: CanonicalKey,
        _ fields: GetFields, _ context: inout Context
    ) -> Step {
        if askRemote(&core, probe, key.bytes(isTyped: probe.isTyped), fields, &context) { return .suspended }
        return get(&core, batch, index, key, fields, &context)
    }

    /// Asks for the key of a `get`.
    /// - Returns: false if the request goes on at once, without them.
    func askRemote(
        _ core: inout StoreCore, _ probe: KeyProbe, _ key: Bytes, _ fields: GetFields,
        _ context: inout Context
    ) -> Bool {
        let answer =
            drains
            ? RemoteAnswer.no
            : core.askRemote(
                probe.function, [(key, probe.hash)], for: context.connection.id, leaseMs: fields.leaseMs)
        switch answer {
        case .asked(let lookup):
            wait(for: lookup, keys: [], context)
            return true
        case .taken(let pauseMs) where pauses(pauseMs, fields, context): return true
        case .taken, .no:
            context.remote = .over
            return false
        }
    }

    /// What a request for a lease does while another machine computes the key: it waits, as long as its time to wait lasts.
    /// - Returns: `nil` if it goes on.
    @inline(never)
    func stepBehindOthers(
        _ core: borrowing StoreCore, _ probe: KeyProbe, _ key: Bytes, _ request: Request,
        _ fields: GetFields, _ context: inout Context
    ) -> Step? {
        guard let pauseMs = core.pauseForOthers(probe.function, key, hash: probe.hash) else { return nil }
        if pauses(pauseMs, fields, context) { return .suspended }
        // A daemon that ends gives out no leases to those who waited, as if this machine had held it.
        guard drains else { return nil }
        context.connection.stateIfAny?.progress = .none
        return getSlowly(request, .held, &context)
    }

    private func pauses(_ ms: Int64, _ fields: GetFields, _ context: Context) -> Bool {
        let connection = context.connection
        let now = BootClock.nowMs
        let until = connection.stateIfAny?.progress.waitUntil ?? now + fields.waitMs
        guard fields.leaseMs != nil, now < until, !drains, !connection.isPeerGone else { return false }
        connection.state.progress = .get(waitUntil: until)
        connection.state.remote = RemoteWait(lookup: nil, until: min(until, now + ms))
        connection.deadline = connection.state.remote?.until
        return true
    }

    private func mustWait(_ wait: RemoteWait, _ connection: Connection) -> Bool {
        guard BootClock.nowMs < wait.until, !connection.isPeerGone, !drains else { return false }
        connection.deadline = wait.until
        return true
    }

    /// The same for those keys of an `mget` that are not here.
    func askRemote(
        _ core: inout StoreCore, _ function: FunctionSlot, _ keys: ArraySlice<CanonicalKey>,
        _ context: inout Context
    ) -> Bool {
        var missing: [(bytes: Bytes, hash: UInt64)] = []
        var offsets: [Int] = []
        for (offset, key) in keys.enumerated() {
            let key = bytes(key, core, function)
            let hash = core.hash(function, key)
            guard core.isMissing(function, key, hash: hash) else { continue }
            missing.append((key, hash))
            offsets.append(offset)
        }
        guard !drains, !missing.isEmpty,
            case .asked(let lookup) = core.askRemote(function, missing, for: context.connection.id)
        else {
            context.remote = .over
            return false
        }
        wait(for: lookup, keys: offsets, context)
        return true
    }

    func wait(for lookup: UInt64, keys: [Int], budgetMs: Int64? = nil, _ context: Context) {
        let until = BootClock.nowMs + (budgetMs ?? remoteBudgetMs)
        context.connection.state.remote = RemoteWait(lookup: lookup, until: until, keys: keys)
        context.connection.deadline = until
    }

    /// Goes on with a request that waited for other machines.
    /// - Returns: false if it still does.
    func collectRemote(
        _ core: inout StoreCore, _ context: inout Context, _ state: DispatchState, _ connection: Connection
    ) -> Bool {
        guard let wait = state.remote else { return true }
        context.remote = .answered
        if let lookup = wait.lookup {
            if core.isUnderWay(lookup) {
                if mustWait(wait, connection) { return false }
                core.remoteTimedOut(lookup, connection.id)
            }
        } else {
            if mustWait(wait, connection) { return false }
            // Its time to wait may be over.
            if let until = state.progress.waitUntil, BootClock.nowMs < until, !drains {
                context.remote = .notYet
            }
        }
        connection.deadline = nil
        state.remote = nil
        context.remoteLookup = wait.lookup
        context.remoteKeys = wait.keys
        return true
    }

    /// Counts what came of asking for the key of a `get`.
    func countRemote(
        _ core: inout StoreCore, _ function: FunctionSlot, _ outcome: GetOutcome, _ context: inout Context
    ) {
        switch outcome {
        case .hit: core.countRemote(function, hits: 1, misses: 0)
        case .cold, .wait: return
        default: core.countRemote(function, hits: 0, misses: 1)
        }
        context.remote = .over
    }

    /// The same for an `mget`, before its keys are looked up.
    func countRemote(
        _ core: inout StoreCore, _ function: FunctionSlot, _ keys: ArraySlice<CanonicalKey>,
        _ context: inout Context
    ) {
        guard context.remote == .answered else { return }
        let missing = context.remoteKeys.count { offset in
            let key = bytes(keys[keys.startIndex + offset], core, function)
            return core.isMissing(function, key, hash: core.hash(function, key))
        }
        core.countRemote(function, hits: context.remoteKeys.count - missing, misses: missing)
        context.remote = .over
    }
}
