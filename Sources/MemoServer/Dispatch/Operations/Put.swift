internal import MemoStore
internal import MemoWire

extension Dispatcher {
    @inline(__always)
    func put(
        _ core: inout StoreCore, _ batch: RequestBatch, _ index: Int, _ entry: Int,
        _ context: inout Context
    ) -> Step {
        let request = batch.requests[index]
        let fields = batch.parser.entries[entry]
        if let step = waitsForRoom(
            &core, request, adding: fields.key.bytes.count + fields.value.count, context)
        {
            return step
        }
        guard let probe = probe(&core, batch, index, fields.key, context) else { return .done }
        let connection = context.connection
        let outcome = store(&core, request, probe, entry, batch.parser, context)
        switch outcome {
        case .cold(let reference): return suspend(reading: reference, request, &context)
        case .stored:
            if fields.durable, let why = core.degraded {
                // It is in memory, but what was asked for cannot be promised.
                fail(request, .storage, "stored only in memory: \(why)", context)
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
    func store(
        _ core: inout StoreCore, _ request: Request, _ probe: KeyProbe, _ entry: Int,
        _ parser: borrowing RequestParser, _ context: Context
    ) -> PutOutcome {
        let connection = context.connection
        let function = probe.function
        let fields = parser.entries[entry]
        let key = fields.key.bytes(isTyped: probe.isTyped)
        var put = PutRequest(key: key, hash: probe.hash, value: fields.value, uid: connection.uid)
        let defaults = core.defaults(function)
        switch fields.ttl {
        case .absent: put.ttlMs = defaults.ttlMs
        case .null: put.ttlMs = nil
        case .value(let ms): put.ttlMs = ms
        }
        put.staleMs = fields.staleMs ?? defaults.staleMs
        put.costMs = fields.costMs ?? 0
        put.hasCost = fields.costMs != nil
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
        if fields.value.count >= PreparedValue.leastBytes {
            put.prepared = connection.batch?.prepared[entry] as? PreparedValue
        }
        let queued = core.queuedBytes
        let outcome = core.put(function, put, loadedRows: context.loadedRows)
        core.note(connection.writer, since: queued, storing: key.count + fields.value.count)
        if outcome == .stored, subscriptions.isWatched {
            if core.isWithheld(function) {
                // No one keeps it at hand, its client neither.
                let notice = RemoteNotice(function: Array(request.function), key: Array(fields.key.bytes))
                subscriptions.publish([notice], areSomeLost: false, through: loops)
                return outcome
            }
            core.work.spend(publish(.put, request, key: fields.key.bytes, connection))
        }
        if outcome == .tooLarge, subscriptions.isWatched {
            // What it was to replace is gone.
            core.work.spend(publish(.delete, request, key: fields.key.bytes, connection))
        }
        return outcome
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
    var shortage: String {
        self == .tooManyTags
            ? "there are too many tags; clear some, or use fewer"
            : "there is no memory left for another entry"
    }
}
