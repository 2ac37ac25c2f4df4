internal import MemoStore
internal import MemoWire

extension Dispatcher {
    func delete(
        _ core: inout StoreCore, _ request: Request, _ key: CanonicalKey, _ waitRemoteMs: Int64?,
        _ context: inout Context
    ) -> Step {
        if let progress = context.connection.takeRemoteReach() {
            return finish(&core, request, progress, context)
        }
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
        } else if core.hasRemote, owner(request, connection) == FunctionRow.everyone {
            core.deleteRemotely(function: request.function, key: key.bytes)
        }
        let isTyped = core.function(owner: owner(request, connection), name: request.function).map {
            core.isTyped($0)
        }
        return finish(
            &core, request,
            RemoteReachProgress(
                .deletion(Array(request.function), Array(key.bytes(isTyped: isTyped ?? false))),
                count: deleted ? 1 : 0, waitMs: waitRemoteMs), context)
    }
}
