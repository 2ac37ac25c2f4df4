internal import MemoStore
internal import MemoWire
internal import RemoteLink

extension Dispatcher {
    func clearTag(
        _ core: inout StoreCore, _ request: Request, _ tag: Bytes, _ waitRemoteMs: Int64?, _ context: Context
    )
        -> Step
    {
        let connection = context.connection
        if let progress = connection.takeRemoteReach() { return finish(&core, request, progress, context) }
        let owner = visibleOwner(connection)
        let counts: [FunctionSlot: Int]?
        if connection.takeProgress().isBegun {
            counts = core.takeCleared(connection.id)
        } else {
            if let step = refusesChange(core, request, context) { return step }
            // The note of it goes into the database first.
            if core.hasRemote, owner == nil { core.clearRemotely(tag: tag) }
            counts = core.clear(tags: tags(core, named: tag, owner), for: connection.id)
        }
        guard let counts else {
            return connection.keep(.clearTag, after: .suspended)
        }
        var cleared = 0
        for (function, count) in counts {
            let row = core.info(function).row
            guard owner == nil || isVisible(row, to: owner) else { continue }
            cleared += count
            publishClear(row, connection)
        }
        let fields: [EpochField] = owner == nil ? [.tag(Array(tag))] : []
        return finish(
            &core, request, RemoteReachProgress(.fields(fields), count: cleared, waitMs: waitRemoteMs),
            context)
    }

    private func tags(_ core: borrowing StoreCore, named tag: Bytes, _ owner: Int64?) -> [TagID] {
        let name = String(decoding: tag, as: UTF8.self)
        var tags = core.tags(owner: settings.isolatesUsers ? owner : FunctionRow.everyone, name: name)
        // What is shared is everyone's to invalidate.
        if owner != nil, !settings.shared.isEmpty {
            tags += core.tags(owner: FunctionRow.everyone, name: name)
        }
        return tags
    }
}
