internal import MemoStore
internal import MemoWire

extension Dispatcher {
    func forget(_ core: inout StoreCore, _ request: Request, _ pattern: Bytes?, _ context: Context) {
        let connection = context.connection
        if pattern == nil, settings.isolatesUsers, !connection.isAdministrator,
            owner(request, connection) == FunctionRow.everyone
        {
            return fail(request, .forbidden, "a shared function is forgotten by administrators only", context)
        }
        if refusesChange(core, request, context) != nil { return }
        var (forgotten, cleared) = (0, 0)
        for place in pattern.map({ matching(core, $0, connection) }) ?? named(core, request, connection) {
            let info = core.info(place)
            if !info.isEmpty { forgotten += 1 }
            cleared += core.forget(place)
            publishClear(info.row, connection)
        }
        ReplyWriter.begin(request.id, into: &connection.output)
        ReplyWriter.field("forgotten", forgotten, into: &connection.output)
        ReplyWriter.field("cleared", cleared, into: &connection.output)
        ReplyWriter.end(into: &connection.output)
        gate(&core, request, context)
    }
}
