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
            if let reference = outcome.cold { return suspend(reading: .one(reference), request, &context) }
            deleted = outcome.deleted
            if deleted, subscriptions.isWatched { publish(.delete, request, key: key.bytes, connection) }
        }
        ReplyWriter.begin(request.id, into: &connection.output)
        ReplyWriter.field("deleted", deleted ? 1 : 0, into: &connection.output)
        ReplyWriter.end(into: &connection.output)
        gate(&core, request, context)
        return .done
    }

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

    /// The functions that a name means: to an administrator where users are isolated, everybody's.
    private func named(_ core: borrowing StoreCore, _ request: Request, _ connection: Connection) -> [UInt32]
    {
        if visibleOwner(connection) == nil, settings.isolatesUsers {
            return core.places(owner: nil).filter {
                core.info($0).row.name.utf8.elementsEqual(request.function)
            }
        }
        return core.function(owner: owner(request, connection), name: request.function).map { [$0] } ?? []
    }

    /// The functions that a pattern means: of those that a clear of all reaches.
    private func matching(_ core: borrowing StoreCore, _ pattern: Bytes, _ connection: Connection) -> [UInt32]
    {
        let pattern = String(decoding: pattern, as: UTF8.self)
        return core.places(owner: visibleOwner(connection)).filter {
            Pattern.matches(pattern, core.info($0).row.name)
        }
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

    func clearTag(_ core: inout StoreCore, _ request: Request, _ tag: Bytes, _ context: Context) -> Step {
        let connection = context.connection
        let id = connection.id.rawValue
        let owner = visibleOwner(connection)
        let counts: [UInt32: Int]?
        if connection.stateIfAny?.isApplied == true {
            counts = core.takeCleared(id)
        } else {
            if let step = refusesChange(core, request, context) { return step }
            counts = core.clear(tags: tags(core, named: tag, owner), for: id)
        }
        guard let counts else {
            connection.state.isApplied = true
            return .suspended
        }
        connection.stateIfAny?.isApplied = false
        var cleared = 0
        for (function, count) in counts {
            let row = core.info(function).row
            guard owner == nil || isVisible(row, to: owner) else { continue }
            cleared += count
            publishClear(row, connection)
        }
        finishClear(&core, request, cleared, context)
        return .done
    }

    private func tags(_ core: borrowing StoreCore, named tag: Bytes, _ owner: Int64?) -> [UInt32] {
        let name = String(decoding: tag, as: UTF8.self)
        var tags = core.tags(owner: settings.isolatesUsers ? owner : FunctionRow.everyone, name: name)
        // What is shared is everybody's to invalidate.
        if owner != nil, !settings.shared.isEmpty {
            tags += core.tags(owner: FunctionRow.everyone, name: name)
        }
        return tags
    }

    private func finishClear(_ core: inout StoreCore, _ request: Request, _ cleared: Int, _ context: Context)
    {
        ReplyWriter.begin(request.id, into: &context.connection.output)
        ReplyWriter.field("cleared", cleared, into: &context.connection.output)
        ReplyWriter.end(into: &context.connection.output)
        gate(&core, request, context)
    }
}
