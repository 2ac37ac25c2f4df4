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
        var progress = connection.takeProgress().clearMany(core.functionSlots)
        if progress.isFirst, let step = refusesChange(core, request, context) { return step }
        if let pattern {
            var forgotten = 0
            let isOver = forEach(.pattern(pattern), &progress, &core, context) { function, core in
                forget(function, &core, &forgotten, connection)
            }
            progress.forgotten += forgotten
            guard isOver else { return yields(.clearMany(progress), context) }
        } else {
            for function in named(core, request, connection) {
                progress.cleared += forget(function, &core, &progress.forgotten, connection)
            }
        }
        ReplyWriter.begin(request.id, into: &connection.output)
        ReplyWriter.field("forgotten", progress.forgotten, into: &connection.output)
        ReplyWriter.field("cleared", progress.cleared, into: &connection.output)
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
