internal import MemoStore
internal import MemoWire
internal import Platform

extension Dispatcher {
    @inline(__always)
    func get(
        _ core: inout StoreCore, _ batch: RequestBatch, _ index: Int, _ key: CanonicalKey,
        _ fields: GetFields,
        _ context: inout Context
    ) -> Step {
        guard let probe = probe(&core, batch, index, key, context) else { return .done }
        let function = probe.function
        let bytes = key.bytes(isTyped: probe.isTyped)
        if context.remote == .answered, fields.leaseMs != nil,
            let step = stepBehindOthers(core, probe, bytes, batch.requests[index], fields, &context)
        {
            return step
        }
        let lease = fields.leaseMs.map { leaseRequest($0, fields, context.connection) }
        let outcome = core.get(
            function, bytes, hash: probe.hash, loadedRows: context.loadedRows, lease: lease,
            early: fields.early, asksRemote: context.remote == .notYet && fields.remote)
        let isRemote = context.remote == .answered
        if isRemote { countRemote(&core, function, outcome, &context) }
        if fields.leaseMs != nil { noteWait(outcome, fields, context.connection) }
        switch outcome {
        case .hit(let hit):
            publish(hit, of: function, &core, context.connection)
            if hit.value.count >= Self.attachedBytes,
                refusesReply(of: hit.value.count, batch.requests[index], context)
            {
                if let lease = hit.lease {
                    _ = core.release(
                        function, bytes, hash: probe.hash, token: lease, uid: context.connection.uid)
                }
                return .done
            }
            core.work.spend(1)
            if !fields.meta, !hit.stale, hit.lease == nil {
                if hit.value.count >= Self.attachedBytes {
                    appendLarge(hit, batch, index, &context)
                } else {
                    ReplyWriter.hit(
                        batch.requests[index].id, value: hit.value, into: &context.connection.output)
                    core.work.spend(bytes: hit.value.count)
                }
            } else {
                ReplyWriter.begin(batch.requests[index].id, into: &context.connection.output)
                append(hit, meta: fields.meta, isRemote: isRemote, &context)
                ReplyWriter.end(into: &context.connection.output)
                if hit.lease != nil { context.connection.state.hasLeases = true }
            }
            return .done
        case .miss(nil):
            ReplyWriter.miss(batch.requests[index].id, into: &context.connection.output)
            return .done
        case .remote: return getRemotely(&core, probe, batch, index, key, fields, &context)
        default: return getSlowly(batch.requests[index], outcome, &context)
        }
    }

    @inline(never)
    private func appendLarge(_ hit: Hit, _ batch: RequestBatch, _ index: Int, _ context: inout Context) {
        ReplyWriter.begin(batch.requests[index].id, into: &context.connection.output)
        context.connection.output.append(",\"hit\":true,\"value\":")
        appendLarge(
            hit.value, { hit.held(mayLend: PagePipe.isOfUse) }, isLast: index == batch.requests.count - 1,
            &context)
        ReplyWriter.end(into: &context.connection.output)
    }

    /// Where the entry of a request's key is looked for.
    /// - Returns: `nil` if the function is new and there are too many, which is answered then.
    @inline(__always)
    func probe(
        _ core: inout StoreCore, _ batch: RequestBatch, _ index: Int, _ key: CanonicalKey, _ context: Context
    ) -> KeyProbe? {
        if let probe = batch.requests.probe(at: index), core.isCurrent(probe) { return probe }
        return placeAnew(&core, batch.requests[index], key, context)
    }

    @inline(never)
    private func placeAnew(
        _ core: inout StoreCore, _ request: Request, _ key: CanonicalKey, _ context: Context
    ) -> KeyProbe? {
        guard let function = intern(&core, request, context) else { return nil }
        let asked = core.keyFunction(function)
        return core.probe(asked, key.bytes(isTyped: asked.isTyped))
    }

    @inline(never)
    func getSlowly(_ request: Request, _ outcome: GetOutcome, _ context: inout Context) -> Step {
        let connection = context.connection
        switch outcome {
        case .hit, .miss(nil), .remote: break
        case .cold(let reference): return suspend(reading: reference, request, &context)
        case .miss(let lease?):
            connection.state.hasLeases = true
            ReplyWriter.begin(request.id, into: &connection.output)
            ReplyWriter.field("hit", false, into: &connection.output)
            ReplyWriter.field("lease", string: lease.text, into: &connection.output)
            ReplyWriter.end(into: &connection.output)
        case .held:
            ReplyWriter.begin(request.id, into: &connection.output)
            ReplyWriter.field("hit", false, into: &connection.output)
            ReplyWriter.field("held", true, into: &connection.output)
            ReplyWriter.end(into: &connection.output)
        case .wait:
            connection.state.hasLeases = true
            connection.deadline = connection.state.progress.waitUntil
            return .suspended
        case .busy:
            fail(request, .busy, "too many leases are held or waited for; compute without one", context)
        }
        return .done
    }

    private func leaseRequest(_ leaseMs: Int64, _ fields: GetFields, _ connection: Connection) -> LeaseRequest
    {
        var mayWait = fields.waitMs > 0 && !drains && !connection.isPeerGone
        if mayWait, let until = connection.stateIfAny?.progress.waitUntil {
            mayWait = BootClock.nowMs < until
        }
        return LeaseRequest(
            connection: connection.id, uid: connection.uid, leaseMs: leaseMs, mayWait: mayWait,
            isLimited: settings.isolatesUsers && !connection.isAdministrator)
    }

    /// The time to wait runs from when a request first waits, and ends with the request.
    private func noteWait(_ outcome: GetOutcome, _ fields: GetFields, _ connection: Connection) {
        switch outcome {
        case .wait:
            let state = connection.state
            if state.progress.waitUntil == nil {
                state.progress = .get(waitUntil: BootClock.nowMs + fields.waitMs)
            }
        case .cold, .remote: break
        default: connection.stateIfAny?.progress = .none
        }
    }

    /// The fields of a hit, `ok` apart.
    private func append(_ hit: Hit, meta: Bool, isRemote: Bool, _ context: inout Context) {
        let connection = context.connection
        ReplyWriter.field("hit", true, into: &connection.output)
        ReplyWriter.beginField("value", into: &connection.output)
        appendLarge(hit.value, { hit.held(mayLend: PagePipe.isOfUse) }, isLast: false, &context)
        append(hit, meta: meta, isRemote: isRemote, to: &connection.output)
    }

    /// Those behind the value.
    private func append(_ hit: Hit, meta: Bool, isRemote: Bool, to output: inout ByteBuffer) {
        if hit.stale { ReplyWriter.field("stale", true, into: &output) }
        if let lease = hit.lease { ReplyWriter.field("lease", string: lease.text, into: &output) }
        guard meta else { return }
        ReplyWriter.field("tier", string: isRemote ? "remote" : hit.isHot ? "hot" : "cold", into: &output)
        ReplyWriter.field("age_ms", hit.ageMs, into: &output)
        ReplyWriter.field("ttl_ms", optional: hit.ttlMs.map { max(0, $0) }, into: &output)
        ReplyWriter.field("cost_ms", hit.costMs, into: &output)
        ReplyWriter.field("hits", Int64(hit.hits), into: &output)
        ReplyWriter.field("bytes", hit.value.count, into: &output)
        ReplyWriter.field("uid", Int64(hit.uid), into: &output)
    }
}
