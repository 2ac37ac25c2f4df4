internal import MemoStore
internal import MemoWire

extension Dispatcher {
    func touch(
        _ core: inout StoreCore, _ request: Request, _ key: CanonicalKey, _ ttl: Setting,
        _ context: inout Context
    ) -> Step {
        if let step = refusesChange(core, request, context) { return step }
        if let step = waitsForRoom(&core, request, adding: key.bytes.count, context) { return step }
        var touched = false
        if let function = core.function(owner: owner(request, context.connection), name: request.function) {
            let bytes = bytes(key, core, function)
            let ttlMs: Int64? = if case .value(let ms) = ttl { ms } else { nil }
            let queued = core.queuedBytes
            let outcome = core.touch(
                function, bytes, hash: core.hash(function, bytes), ttlMs: ttlMs,
                loadedRows: context.loadedRows)
            core.note(context.connection.writer, since: queued)
            if let reference = outcome.cold { return suspend(reading: reference, request, &context) }
            touched = outcome.touched
        }
        ReplyWriter.begin(request.id, into: &context.connection.output)
        ReplyWriter.field("touched", touched, into: &context.connection.output)
        ReplyWriter.end(into: &context.connection.output)
        gate(&core, request, context)
        return .done
    }
}
