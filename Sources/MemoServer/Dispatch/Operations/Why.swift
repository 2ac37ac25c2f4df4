internal import MemoStore
internal import MemoWire

extension Dispatcher {
    func why(
        _ core: inout StoreCore, _ request: Request, _ key: CanonicalKey, _ asksRemote: Bool,
        _ context: inout Context
    ) -> Step {
        let connection = context.connection
        var elsewhere: RemoteWhereabouts?
        if asksRemote {
            elsewhere = inspectRemote(&core, request, key, &context)
            if elsewhere == nil { return .suspended }
        }
        var found = Whereabouts.unknown
        if let function = core.function(owner: owner(request, connection), name: request.function) {
            let bytes = bytes(key, core, function)
            found = core.why(
                function, bytes, hash: core.hash(function, bytes), loadedRows: context.loadedRows)
        }
        if case .cold(let reference) = found {
            let step = suspend(reading: reference, peeking: true, request, &context)
            return elsewhere.map { connection.keep(.why($0), after: step) } ?? step
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
            if let value = entry.value {
                ReplyWriter.beginField("value", into: &connection.output)
                appendLarge(value, { entry.held() }, isLast: false, &context)
            }
            if let grace = core.graceMs(of: entry) {
                ReplyWriter.field("stale_ms", grace, into: &connection.output)
            }
            append(tags: core.tagNames(of: entry), to: &connection.output)
        }
        if let function = core.function(owner: owner(request, connection), name: request.function),
            core.isWithheld(function)
        {
            ReplyWriter.field("withheld", true, into: &connection.output)
        }
        if let elsewhere { append(elsewhere, to: &connection.output) }
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
