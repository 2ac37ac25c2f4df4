internal import MemoStore
internal import MemoWire

extension Dispatcher {
    func forget(
        _ core: inout StoreCore, _ request: Request, _ pattern: Bytes?, _ context: Context
    ) -> Step {
        let connection = context.connection
        if pattern == nil, settings.isolatesUsers, !connection.isAdministrator,
            owner(request, connection) == FunctionRow.everyone
        {
            fail(request, .forbidden, "a shared function is forgotten by administrators only", context)
            return .done
        }
        let progress = connection.takeProgress().clearMany()
        if progress.clear == nil, let step = refusesChange(core, request, context) { return step }
        var (cleared, forgotten) = (0, 0)
        if let pattern {
            let isOver = forEach(.pattern(pattern), progress, &core, context) { [self] function, core in
                forget(function, &core, &progress.forgotten, connection)
            }
            guard isOver else { return yields(.clearMany(progress), context) }
            (cleared, forgotten) = (progress.cleared, progress.forgotten)
        } else {
            for function in named(&core, request, connection) {
                cleared += forget(function, &core, &forgotten, connection)
            }
        }
        ReplyWriter.begin(request.id, into: &connection.output)
        ReplyWriter.field("forgotten", forgotten, into: &connection.output)
        ReplyWriter.field("cleared", cleared, into: &connection.output)
        ReplyWriter.end(into: &connection.output)
        gate(&core, request, context)
        return .done
    }

    /// - Returns: how many entries it had.
    private func forget(
        _ function: FunctionSlot, _ core: inout StoreCore, _ forgotten: inout Int, _ connection: Connection
    ) -> Int {
        let info = core.info(function)
        if !info.isEmpty { forgotten += 1 }
        let cleared = core.forget(function)
        core.work.spend(2 + publishClear(info.row, connection))
        return cleared
    }
}
