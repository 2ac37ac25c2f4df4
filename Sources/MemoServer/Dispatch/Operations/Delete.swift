internal import MemoStore
internal import MemoWire

extension Dispatcher {
    func delete(
        _ core: inout StoreCore, _ request: Request, _ key: CanonicalKey, _ context: inout Context
    ) -> Step {
        if let step = refusesChange(core, request, context) { return step }
        let connection = context.connection
        var deleted = false
        if let function = core.function(owner: owner(request, connection), name: request.function) {
            let bytes = bytes(key, core, function)
            let outcome = core.delete(
                function, bytes, hash: core.hash(function, bytes), loadedRows: context.loadedRows)
            if let reference = outcome.cold { return suspend(reading: reference, request, &context) }
            deleted = outcome.deleted
            if deleted, subscriptions.isWatched {
                core.work.spend(publish(.delete, request, key: key.bytes, connection))
            }
        }
        ReplyWriter.begin(request.id, into: &connection.output)
        ReplyWriter.field("deleted", deleted ? 1 : 0, into: &connection.output)
        ReplyWriter.end(into: &connection.output)
        gate(&core, request, context)
        return .done
    }
}
