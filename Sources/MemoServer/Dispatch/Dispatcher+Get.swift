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
        guard let place = place(&core, batch, index, key, context) else { return .done }
        let function = place.function
        let bytes = key.bytes(isTyped: place.isTyped)
        let lease = fields.leaseMs.map { leaseRequest($0, fields, context.connection) }
        let outcome = core.get(
            function, bytes, hash: place.hash, loadedRows: context.loadedRows, lease: lease,
            early: fields.early)
        if fields.leaseMs != nil { noteWait(outcome, fields, context.connection) }
        switch outcome {
        case .hit(let hit):
            if hit.value.count >= Self.attachedBytes,
                refusesReply(of: hit.value.count, batch.requests[index], context)
            {
                if let lease = hit.lease {
                    _ = core.release(
                        function, bytes, hash: place.hash, token: lease, uid: context.connection.uid)
                }
                return .done
            }
            if !fields.meta, !hit.stale, hit.lease == nil {
                if hit.value.count >= Self.attachedBytes, attach(hit, batch, index, context.connection) {
                    return .done
                }
                ReplyWriter.hit(batch.requests[index].id, value: hit.value, into: &context.connection.output)
            } else {
                ReplyWriter.begin(batch.requests[index].id, into: &context.connection.output)
                append(hit, meta: fields.meta, to: &context.connection.output)
                ReplyWriter.end(into: &context.connection.output)
                if hit.lease != nil { context.connection.state.hasLeases = true }
            }
            return .done
        case .miss(nil):
            ReplyWriter.miss(batch.requests[index].id, into: &context.connection.output)
            return .done
        default: return getSlowly(batch.requests[index], outcome, &context)
        }
    }

    /// Values of this size and more are sent without being copied first, where that is possible.
    private static let attachedBytes = 16 << 10

    /// Answers a batch's last request with a value that is sent from where it is.
    /// - Returns: false where replies before it may not be sent yet.
    @inline(never)
    private func attach(_ hit: Hit, _ batch: RequestBatch, _ index: Int, _ connection: Connection) -> Bool {
        guard index == batch.requests.count - 1, connection.mayAttach else { return false }
        ReplyWriter.begin(batch.requests[index].id, into: &connection.output)
        connection.output.append(",\"hit\":true,\"value\":")
        let held = hit.held(mayLend: PagePipe.isOfUse)
        connection.attachment = Connection.Attachment(
            value: held.bytes, lentPages: held.lentPages, position: connection.output.count,
            release: { [store] in store.perform { $0.release(held) } })
        ReplyWriter.end(into: &connection.output)
        return true
    }

    /// Where the entry of a request's key is looked for.
    /// - Returns: `nil` where the function is new and there are too many, which is answered then.
    @inline(__always)
    func place(
        _ core: inout StoreCore, _ batch: RequestBatch, _ index: Int, _ key: CanonicalKey, _ context: Context
    ) -> KeyProbe? {
        if let place = batch.requests.place(at: index), core.isCurrent(place) { return place }
        return placeAnew(&core, batch.requests[index], key, context)
    }

    @inline(never)
    private func placeAnew(
        _ core: inout StoreCore, _ request: Request, _ key: CanonicalKey, _ context: Context
    ) -> KeyProbe? {
        guard let function = intern(&core, request, context) else { return nil }
        let asked = core.keyFunction(function)
        return core.place(asked, key.bytes(isTyped: asked.isTyped))
    }

    @inline(never)
    private func getSlowly(_ request: Request, _ outcome: GetOutcome, _ context: inout Context) -> Step {
        let connection = context.connection
        switch outcome {
        case .hit, .miss(nil): break
        case .cold(let reference): return suspend(reading: .one(reference), request, &context)
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
            connection.deadline = connection.state.waitUntil
            return .suspended
        case .busy:
            fail(request, .busy, "too many leases are held or waited for; compute without one", context)
        }
        return .done
    }

    private func leaseRequest(_ leaseMs: Int64, _ fields: GetFields, _ connection: Connection) -> LeaseRequest
    {
        var mayWait = fields.waitMs > 0 && !drains && !connection.isPeerGone
        if mayWait, let until = connection.stateIfAny?.waitUntil { mayWait = BootClock.nowMs < until }
        return LeaseRequest(
            connection: connection.id.rawValue, uid: connection.uid, leaseMs: leaseMs, mayWait: mayWait,
            isLimited: settings.isolatesUsers && !connection.isAdministrator)
    }

    /// The time to wait runs from when a request first waits, and ends with the request.
    private func noteWait(_ outcome: GetOutcome, _ fields: GetFields, _ connection: Connection) {
        switch outcome {
        case .wait:
            let state = connection.state
            if state.waitUntil == nil { state.waitUntil = BootClock.nowMs + fields.waitMs }
        case .cold: break
        default: connection.stateIfAny?.waitUntil = nil
        }
    }

    /// The fields of a hit, `ok` apart.
    private func append(_ hit: Hit, meta: Bool, to output: inout ByteBuffer) {
        ReplyWriter.field("hit", true, into: &output)
        ReplyWriter.field("value", json: hit.value, into: &output)
        if hit.stale { ReplyWriter.field("stale", true, into: &output) }
        if let lease = hit.lease { ReplyWriter.field("lease", string: lease.text, into: &output) }
        guard meta else { return }
        ReplyWriter.field("tier", string: hit.isHot ? "hot" : "cold", into: &output)
        ReplyWriter.field("age_ms", hit.ageMs, into: &output)
        ReplyWriter.field("ttl_ms", optional: hit.ttlMs.map { max(0, $0) }, into: &output)
        ReplyWriter.field("cost_ms", hit.costMs, into: &output)
        ReplyWriter.field("hits", hit.hits, into: &output)
        ReplyWriter.field("bytes", hit.value.count, into: &output)
        ReplyWriter.field("uid", Int64(hit.uid), into: &output)
    }

    func mget(
        _ core: inout StoreCore, _ request: Request, _ range: Range<Int>, _ parser: borrowing RequestParser,
        _ context: inout Context
    ) -> Step {
        guard let function = intern(&core, request, context) else { return .done }
        let state = context.connection.state
        while state.position < range.count {
            let key = bytes(parser.keys[range.lowerBound + state.position], core, function)
            let outcome = core.get(
                function, key, hash: core.hash(function, key), loadedRows: context.loadedRows, lease: nil,
                early: nil)
            if case .cold = outcome {
                var references: [RowReference] = []
                var bytesToRead = 0
                for next in parser.keys[(range.lowerBound + state.position)..<range.upperBound].prefix(64)
                where bytesToRead < Self.readAheadBytes {
                    let key = bytes(next, core, function)
                    if let reference = core.coldReference(
                        function, key, hash: core.hash(function, key), loadedRows: context.loadedRows)
                    {
                        references.append(reference)
                        bytesToRead += core.bytes(of: reference)
                    }
                }
                return suspend(reading: .several(references), request, &context)
            }
            state.partial.append(state.position == 0 ? "{" : ",{")
            if case .hit(let hit) = outcome {
                state.partial.append("\"hit\":true,\"value\":")
                state.partial.append(hit.value)
                if hit.stale { state.partial.append(",\"stale\":true") }
                if refusesReply(of: state.partial.count, request, context) {
                    state.reset()
                    return .done
                }
                if state.partial.count > Self.multipleReplyMax {
                    state.reset()
                    fail(
                        request, .tooLarge,
                        "the values of these keys are more than \(Self.multipleReplyMax >> 20) MiB together; ask for fewer at once",
                        context)
                    return .done
                }
            } else {
                state.partial.append("\"hit\":false")
            }
            state.partial.append(UInt8(ascii: "}"))
            state.position += 1
        }
        ReplyWriter.begin(request.id, into: &context.connection.output)
        context.connection.output.append(",\"results\":[")
        context.connection.output.append(state.partial.bytes)
        context.connection.output.append("]")
        ReplyWriter.end(into: &context.connection.output)
        state.reset()
        return .done
    }

    /// What one reply to an `mget` may hold of values.
    static let multipleReplyMax = 64 << 20
    /// What is read from disk for it at once.
    private static let readAheadBytes = 4 << 20

    func why(
        _ core: inout StoreCore, _ request: Request, _ key: CanonicalKey, _ context: inout Context
    ) -> Step {
        let connection = context.connection
        var found = Whereabouts.unknown
        if let function = core.function(owner: owner(request, connection), name: request.function) {
            let bytes = bytes(key, core, function)
            found = core.why(
                function, bytes, hash: core.hash(function, bytes), loadedRows: context.loadedRows)
        }
        if case .cold(let reference) = found {
            return suspend(reading: .one(reference), peeking: true, request, &context)
        }
        if case .present(let entry, _) = found, refusesReply(of: entry.value?.count ?? 0, request, context) {
            return .done
        }
        ReplyWriter.begin(request.id, into: &connection.output)
        switch found {
        case .cold: break
        case .unknown: ReplyWriter.field("state", string: "unknown", into: &connection.output)
        case .expired(let ago):
            ReplyWriter.field("state", string: "expired", into: &connection.output)
            ReplyWriter.field("ago_ms", ago, into: &connection.output)
            ReplyWriter.field("by", string: "ttl", into: &connection.output)
        case .gone(let ghost, let ago):
            ReplyWriter.field("state", string: "\(ghost.removal)", into: &connection.output)
            ReplyWriter.field("ago_ms", ago, into: &connection.output)
            ReplyWriter.field("by", string: ghost.cause.text, into: &connection.output)
        case .present(let entry, let isStale):
            ReplyWriter.field("state", string: "present", into: &connection.output)
            if isStale { ReplyWriter.field("stale", true, into: &connection.output) }
            append(entry, to: &connection.output)
            // All that a put said: whoever copies entries need not use them for that.
            if let value = entry.value { ReplyWriter.field("value", json: value, into: &connection.output) }
            if let grace = core.graceMs(of: entry) {
                ReplyWriter.field("stale_ms", grace, into: &connection.output)
            }
            append(tags: core.tagNames(of: entry), to: &connection.output)
        }
        ReplyWriter.end(into: &connection.output)
        return .done
    }

    private func append(tags: [String], to output: inout ByteBuffer) {
        ReplyWriter.beginField("tags", into: &output)
        output.append("[")
        for (index, tag) in tags.enumerated() {
            if index > 0 { output.append(",") }
            output.append(jsonString: tag)
        }
        output.append("]")
    }

    /// What is known of an entry, for `why` and `keys`.
    func append(_ entry: EntryInfo, to output: inout ByteBuffer) {
        ReplyWriter.field("tier", string: entry.isHot ? "hot" : "cold", into: &output)
        ReplyWriter.field("bytes", entry.bytes, into: &output)
        ReplyWriter.field("hits", entry.hits, into: &output)
        if let age = entry.ageMs { ReplyWriter.field("age_ms", age, into: &output) }
        ReplyWriter.field("ttl_ms", optional: entry.ttlMs.map { max(0, $0) }, into: &output)
        if let cost = entry.costMs { ReplyWriter.field("cost_ms", cost, into: &output) }
        if let uid = entry.uid { ReplyWriter.field("uid", Int64(uid), into: &output) }
    }
}

extension ReplyWriter {
    /// `,"name":` and a number, or null.
    static func field(_ name: StaticString, optional value: Int64?, into output: inout ByteBuffer) {
        if let value {
            field(name, value, into: &output)
        } else {
            beginField(name, into: &output)
            output.append("null")
        }
    }
}

extension LeaseToken {
    /// 32 hexadecimal digits.
    var text: String {
        let digits = String(high, radix: 16)
        let more = String(low, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
            + String(repeating: "0", count: 16 - more.count) + more
    }

    init?(_ text: Bytes) {
        guard text.count == 32, text.allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x66) })
        else {
            return nil
        }
        let digits = String(decoding: text, as: UTF8.self)
        self.init(high: UInt64(digits.prefix(16), radix: 16)!, low: UInt64(digits.suffix(16), radix: 16)!)
    }
}
