internal import MemoStore
internal import MemoWire
internal import RemoteLink

/// Which functions are cleared or forgotten.
enum MeantFunctions {
    case all
    case pattern(Bytes)
}

/// A clear of many functions, and what became of them. Whoever asks for one of them may have it cleared, with the store's
/// lock held.
final class ClearManyProgress {
    fileprivate(set) var clear: MassClear?
    fileprivate(set) var cleared = 0
    var forgotten = 0
    /// Functions of those that are shared with other machines.
    fileprivate(set) var shared: [EpochField] = []
}

extension Progress {
    consuming func clearMany() -> ClearManyProgress {
        switch consume self {
        case .clearMany(let progress): progress
        default: ClearManyProgress()
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
        let functions = named(&core, request, connection)
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
        let progress = connection.takeProgress().clearMany()
        let meansAll = if case .all = meant { true } else { false }
        // With isolation what others share is cleared by administrators only.
        let isEverybodys = meansAll && visibleOwner(connection) == nil
        if progress.clear == nil {
            if let step = refusesChange(core, request, context) { return step }
            if isEverybodys { core.clearAllRemotely() }
        }
        let isOver = forEach(meant, progress, &core, context) { [self] function, core in
            let count = core.clear(
                function: function, cause: meansAll ? .clearAll : .clearFunction, resettingCounters: !meansAll
            )
            if !meansAll, core.isShared(function) {
                progress.shared.append(.function(Array(core.info(function).row.name.utf8)))
            }
            if count > 0 || !meansAll { core.work.spend(publishClear(core.info(function).row, connection)) }
            return count
        }
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
        _ meant: MeantFunctions, _ progress: ClearManyProgress, _ core: inout StoreCore, _ context: Context,
        _ clear: @escaping (FunctionSlot, inout StoreCore) -> Int
    ) -> Bool {
        let mass = progress.clear ?? begin(meant, progress, &core, context.connection, clear)
        progress.clear = mass
        return core.goOn(mass) { mustYield($0, context) }
    }

    private func begin(
        _ meant: MeantFunctions, _ progress: ClearManyProgress, _ core: inout StoreCore,
        _ connection: Connection, _ clear: @escaping (FunctionSlot, inout StoreCore) -> Int
    ) -> MassClear {
        let owner = visibleOwner(connection)
        // The request is gone before the clear if its connection is closed.
        let pattern: String? =
            if case .pattern(let text) = meant { String(decoding: text, as: UTF8.self) } else { nil }
        return core.beginClear(for: connection.id) { function, core in
            guard core.isFunction(function, of: owner) else { return core.work.spend(1) }
            if let pattern {
                let name = core.info(function).row.name
                core.work.spend(1 + pattern.utf8.count * name.utf8.count / Self.comparedAtOnce)
                guard Pattern.matches(pattern, name) else { return }
            }
            progress.cleared += clear(function, &core)
            core.work.spend(Self.functionWork)
        }
    }

    /// To clear a function, in units of work.
    private static let functionWork = 3

    /// The functions that a name means: to an administrator if users are isolated, everyone's.
    func named(_ core: inout StoreCore, _ request: Request, _ connection: Connection) -> [FunctionSlot] {
        if visibleOwner(connection) == nil, settings.isolatesUsers {
            return core.functions(named: request.function)
        }
        return core.function(owner: owner(request, connection), name: request.function).map { [$0] } ?? []
    }
}
