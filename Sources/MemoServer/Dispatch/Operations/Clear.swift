internal import MemoStore
internal import MemoWire

/// `clear` of a function, of those that a pattern names, and of all.
extension Dispatcher {
    func clearFunction(_ core: inout StoreCore, _ request: Request, _ context: Context) {
        if refusesChange(core, request, context) != nil { return }
        let connection = context.connection
        var cleared = 0
        for place in named(core, request, connection) {
            cleared += core.clear(function: place, resettingCounters: true)
            publishClear(core.info(place).row, connection)
        }
        finishClear(&core, request, cleared, context)
    }

    func clearPattern(
        _ core: inout StoreCore, _ request: Request, _ pattern: Bytes, _ context: Context
    ) {
        if refusesChange(core, request, context) != nil { return }
        var cleared = 0
        for place in matching(core, pattern, context.connection) {
            cleared += core.clear(function: place, resettingCounters: true)
            publishClear(core.info(place).row, context.connection)
        }
        finishClear(&core, request, cleared, context)
    }

    func clearAll(_ core: inout StoreCore, _ request: Request, _ context: Context) {
        if refusesChange(core, request, context) != nil { return }
        var cleared = 0
        for place in core.places(owner: visibleOwner(context.connection)) {
            let count = core.clear(function: place, cause: .clearAll, resettingCounters: false)
            cleared += count
            if count > 0 { publishClear(core.info(place).row, context.connection) }
        }
        finishClear(&core, request, cleared, context)
    }

    /// The functions that a name means: to an administrator where users are isolated, everybody's.
    func named(_ core: borrowing StoreCore, _ request: Request, _ connection: Connection) -> [UInt32] {
        if visibleOwner(connection) == nil, settings.isolatesUsers {
            return core.places(owner: nil).filter {
                core.info($0).row.name.utf8.elementsEqual(request.function)
            }
        }
        return core.function(owner: owner(request, connection), name: request.function).map { [$0] } ?? []
    }

    /// The functions that a pattern means: of those that a clear of all reaches.
    func matching(_ core: borrowing StoreCore, _ pattern: Bytes, _ connection: Connection) -> [UInt32] {
        let pattern = String(decoding: pattern, as: UTF8.self)
        return core.places(owner: visibleOwner(connection)).filter {
            Pattern.matches(pattern, core.info($0).row.name)
        }
    }

    func finishClear(_ core: inout StoreCore, _ request: Request, _ cleared: Int, _ context: Context) {
        ReplyWriter.begin(request.id, into: &context.connection.output)
        ReplyWriter.field("cleared", cleared, into: &context.connection.output)
        ReplyWriter.end(into: &context.connection.output)
        gate(&core, request, context)
    }
}
