internal import MemoStore
internal import MemoWire

extension Dispatcher {
    @inline(__always)
    func put(
        _ core: inout StoreCore, _ batch: RequestBatch, _ index: Int, _ fields: PutFields,
        _ context: inout Context
    ) -> Step {
        let request = batch.requests[index]
        if let step = waitsForRoom(&core, request, context) { return step }
        guard let place = place(&core, batch, index, fields.key, context) else { return .done }
        let connection = context.connection
        let outcome = store(&core, request, place, fields, batch.parser, context)
        switch outcome {
        case .cold(let reference): return suspend(reading: .one(reference), request, &context)
        case .stored:
            if fields.durable, let why = core.degraded {
                // It is in memory, but what was asked for cannot be promised.
                fail(request, .storage, "stored in memory alone: \(why)", context)
                return .done
            }
            if core.degraded == nil {
                ReplyWriter.stored(request.id, into: &connection.output)
                if fields.durable { gate(&core, request, context) }
            } else {
                ReplyWriter.begin(request.id, into: &connection.output)
                ReplyWriter.field("stored", true, into: &connection.output)
                ReplyWriter.field("degraded", true, into: &connection.output)
                ReplyWriter.end(into: &connection.output)
            }
        case .noMemory, .tooManyTags: fail(request, .busy, outcome.shortage, context)
        default:
            ReplyWriter.begin(request.id, into: &connection.output)
            ReplyWriter.field("stored", false, into: &connection.output)
            ReplyWriter.field("reason", string: outcome.reason, into: &connection.output)
            ReplyWriter.end(into: &connection.output)
        }
        return .done
    }

    @inline(__always)
    private func store(
        _ core: inout StoreCore, _ request: Request, _ place: KeyProbe, _ fields: PutFields,
        _ parser: borrowing RequestParser, _ context: Context
    ) -> PutOutcome {
        let connection = context.connection
        let function = place.function
        let key = fields.key.bytes(isTyped: place.isTyped)
        var put = PutRequest(key: key, hash: place.hash, value: fields.value, uid: connection.uid)
        let defaults = core.defaults(function)
        switch fields.ttl {
        case .absent: put.ttlMs = defaults.ttlMs
        case .null: put.ttlMs = nil
        case .value(let ms): put.ttlMs = ms
        }
        put.staleMs = fields.staleMs ?? defaults.staleMs
        put.costMs = fields.costMs ?? 0
        put.ifAbsent = fields.ifAbsent
        if let lease = fields.lease {
            guard let token = LeaseToken(lease) else { return .leaseLost }
            put.lease = token
        }
        if !fields.tags.isEmpty {
            let names = parser.tags[fields.tags].map { String(decoding: $0, as: UTF8.self) }
            guard let tags = core.internTags(owner: owner(request, connection), names: names) else {
                return .tooManyTags
            }
            put.tags = tags
        }
        let outcome = core.put(function, put, loadedRows: context.loadedRows)
        if outcome == .stored, subscriptions.isWatched {
            publish(.put, request, key: fields.key.bytes, connection)
        }
        return outcome
    }

    func mput(
        _ core: inout StoreCore, _ request: Request, _ range: Range<Int>, _ parser: borrowing RequestParser,
        _ context: inout Context
    ) -> Step {
        guard let function = intern(&core, request, context).map({ core.keyFunction($0) }) else {
            return .done
        }
        let state = context.connection.state
        while state.position < range.count {
            if let step = waitsForRoom(&core, request, context) {
                if step == .done { state.reset() }
                return step
            }
            let fields = parser.entries[range.lowerBound + state.position]
            let place = core.place(function, fields.key.bytes(isTyped: function.isTyped))
            let outcome = store(&core, request, place, fields, parser, context)
            switch outcome {
            case .cold(let reference): return suspend(reading: .one(reference), request, &context)
            case .stored:
                state.count += 1
                if fields.durable { state.sequence = core.sequence }
            case .noMemory, .tooManyTags:
                fail(request, .busy, "\(outcome.shortage); \(state.count) were stored", context)
                state.reset()
                return .done
            default: break
            }
            state.position += 1
        }
        // The disk may have come back while it waited, and some of it be in memory alone yet.
        if state.sequence > 0, let why = core.heldInMemory {
            fail(request, .storage, "stored in memory alone: \(why)", context)
        } else {
            ReplyWriter.begin(request.id, into: &context.connection.output)
            ReplyWriter.field("stored", state.count, into: &context.connection.output)
            if core.degraded != nil { ReplyWriter.field("degraded", true, into: &context.connection.output) }
            ReplyWriter.end(into: &context.connection.output)
            if state.sequence > 0 { gate(&core, request, context) }
        }
        state.reset()
        return .done
    }

    func release(
        _ core: inout StoreCore, _ request: Request, _ key: CanonicalKey, _ lease: Bytes, _ context: Context
    ) {
        var released = false
        if let token = LeaseToken(lease),
            let function = core.function(owner: owner(request, context.connection), name: request.function)
        {
            let bytes = bytes(key, core, function)
            released = core.release(
                function, bytes, hash: core.hash(function, bytes), token: token, uid: context.connection.uid)
        }
        ReplyWriter.begin(request.id, into: &context.connection.output)
        ReplyWriter.field("released", released, into: &context.connection.output)
        ReplyWriter.end(into: &context.connection.output)
    }

    func touch(
        _ core: inout StoreCore, _ request: Request, _ key: CanonicalKey, _ ttl: Setting,
        _ context: inout Context
    ) -> Step {
        if let step = refusesChange(core, request, context) { return step }
        if let step = waitsForRoom(&core, request, context) { return step }
        var touched = false
        if let function = core.function(owner: owner(request, context.connection), name: request.function) {
            let bytes = bytes(key, core, function)
            let ttlMs: Int64? = if case .value(let ms) = ttl { ms } else { nil }
            let outcome = core.touch(
                function, bytes, hash: core.hash(function, bytes), ttlMs: ttlMs,
                loadedRows: context.loadedRows)
            if let reference = outcome.cold { return suspend(reading: .one(reference), request, &context) }
            touched = outcome.touched
        }
        ReplyWriter.begin(request.id, into: &context.connection.output)
        ReplyWriter.field("touched", touched, into: &context.connection.output)
        ReplyWriter.end(into: &context.connection.output)
        gate(&core, request, context)
        return .done
    }

    /// What has to reach the disk before it is answered is refused while the disk takes nothing and no more can
    /// be kept for later.
    func refusesChange(_ core: borrowing StoreCore, _ request: Request, _ context: Context) -> Step? {
        guard let why = core.refusesChanges else { return nil }
        fail(request, .storage, "nothing was changed: \(why)", context)
        return .done
    }
}

extension PutOutcome {
    /// What the protocol calls it.
    var reason: String {
        switch self {
        case .leaseLost: "lease_lost"
        case .exists: "exists"
        case .maxsize: "maxsize"
        case .tooLarge: "too_large"
        case .stored, .cold, .noMemory, .tooManyTags: ""
        }
    }

    /// What there is too little of.
    fileprivate var shortage: String {
        self == .tooManyTags
            ? "there are too many tags; clear some, or use fewer"
            : "there is no memory left for another entry"
    }
}
