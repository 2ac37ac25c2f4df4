internal import MemoStore
internal import MemoWire
internal import RemoteLink

/// Which functions are cleared or forgotten.
enum MeantFunctions {
    case all
    case pattern(Bytes)
}

struct ClearManyProgress {
    /// Places of functions that are still to be looked at.
    var left: Range<FunctionSlot>
    var isFirst = true
    var cleared = 0
    var forgotten = 0
    /// Functions of those that are shared with other machines.
    var shared: [EpochField] = []
}

extension Progress {
    consuming func clearMany(_ slots: Range<FunctionSlot>) -> ClearManyProgress {
        switch consume self {
        case .clearMany(let progress): progress
        default: ClearManyProgress(left: slots)
        }
    }
}

/// `clear` of a function, of those that a pattern names, and of all.
extension Dispatcher {
    func clearFunction(
        _ core: inout StoreCore, _ request: Request, _ waitRemoteMs: Int64?, _ context: Context
    ) -> Step {
        let connection = context.connection
        if let progress = connection.takeRemoteReach() { return finish(&core, request, progress, context) }
        if let step = refusesChange(core, request, context) { return step }
        var cleared = 0
        let functions = named(core, request, connection)
        for function in functions {
            cleared += core.clear(function: function, resettingCounters: true)
            publishClear(core.info(function).row, connection)
        }
        // It may be on other machines, and not here.
        if functions.isEmpty, core.hasRemote, owner(request, connection) == FunctionRow.everyone {
            core.clearRemotely(function: request.function)
        }
        return finish(
            &core, request,
            RemoteReachProgress(
                .fields([.function(Array(request.function))]), count: cleared, waitMs: waitRemoteMs), context)
    }

    /// Clears the functions that are meant, of those that a clear of all reaches: one after the other, and if they are
    /// many in pieces, which are committed as one.
    func clearMany(
        _ core: inout StoreCore, _ request: Request, _ meant: MeantFunctions, _ waitRemoteMs: Int64?,
        _ context: Context
    ) -> Step {
        let connection = context.connection
        if let progress = connection.takeRemoteReach() { return finish(&core, request, progress, context) }
        var progress = connection.takeProgress().clearMany(core.functionSlots)
        if progress.isFirst, let step = refusesChange(core, request, context) { return step }
        let meansAll = if case .all = meant { true } else { false }
        // With isolation what others share is cleared by administrators only.
        let isEverybodys = meansAll && visibleOwner(connection) == nil
        if progress.isFirst, isEverybodys { core.clearAllRemotely() }
        var shared: [EpochField] = []
        let isOver = forEach(meant, &progress, &core, context) { function, core in
            let count = core.clear(
                function: function, cause: meansAll ? .clearAll : .clearFunction, resettingCounters: !meansAll
            )
            if !meansAll, core.isShared(function) {
                shared.append(.function(Array(core.info(function).row.name.utf8)))
            }
            if count > 0 || !meansAll { core.work.spend(publishClear(core.info(function).row, connection)) }
            return count
        }
        progress.shared += shared
        guard isOver else { return yields(.clearMany(progress), context) }
        return finish(
            &core, request,
            RemoteReachProgress(
                .fields(isEverybodys ? [.namespace] : progress.shared), count: progress.cleared,
                waitMs: waitRemoteMs), context)
    }

    /// Goes on through the functions that are meant.
    /// - Returns: false if the connection's share is used up before the end.
    func forEach(
        _ meant: MeantFunctions, _ progress: inout ClearManyProgress, _ core: inout StoreCore,
        _ context: Context, _ clear: (FunctionSlot, inout StoreCore) -> Int
    ) -> Bool {
        let owner = visibleOwner(context.connection)
        progress.isFirst = false
        while let function = progress.left.popFirst() {
            if mustYield(core, context, atLeast: Self.clearWork) {
                progress.left = function..<progress.left.upperBound
                core.holdCommit(for: context.connection.id)
                return false
            }
            guard core.isFunction(function, of: owner), matches(meant, function, &core) else { continue }
            progress.cleared += clear(function, &core)
            core.work.spend(Self.functionWork)
        }
        core.releaseCommit(for: context.connection.id)
        return true
    }

    private func matches(_ meant: MeantFunctions, _ function: FunctionSlot, _ core: inout StoreCore) -> Bool {
        guard case .pattern(let pattern) = meant else { return true }
        let name = core.info(function).row.name
        core.work.spend(1 + pattern.count * name.utf8.count / Self.comparedAtOnce)
        return Pattern.matches(String(decoding: pattern, as: UTF8.self), name)
    }

    /// Some thousand functions are cleared at once all the same: no one sees a part of them cleared then.
    private static let clearWork = 4000
    /// To clear a function, in units of work.
    private static let functionWork = 3

    /// The functions that a name means: to an administrator if users are isolated, everyone's.
    func named(_ core: borrowing StoreCore, _ request: Request, _ connection: Connection) -> [FunctionSlot] {
        if visibleOwner(connection) == nil, settings.isolatesUsers {
            return core.functions(named: request.function)
        }
        return core.function(owner: owner(request, connection), name: request.function).map { [$0] } ?? []
    }
}
