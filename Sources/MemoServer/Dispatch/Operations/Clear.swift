internal import MemoStore
internal import MemoWire

/// Which functions are cleared or forgotten.
enum MeantFunctions {
    case all
    case pattern(Bytes)
}

struct ClearManyProgress {
    /// Places of functions that are still to be looked at.
    var left: Range<UInt32>
    var isFirst = true
    var cleared = 0
    var forgotten = 0
}

extension Progress {
    consuming func clearMany(_ places: Range<UInt32>) -> ClearManyProgress {
        switch consume self {
        case .clearMany(let progress): progress
        default: ClearManyProgress(left: places)
        }
    }
}

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

    /// Clears the functions that are meant, of those that a clear of all reaches: one after the other, and where they are
    /// many in pieces, which are committed as one.
    func clearMany(
        _ core: inout StoreCore, _ request: Request, _ meant: MeantFunctions, _ context: Context
    ) -> Step {
        let connection = context.connection
        var progress = connection.takeProgress().clearMany(core.functionPlaces)
        if progress.isFirst, let step = refusesChange(core, request, context) { return step }
        let isOver = forEach(meant, &progress, &core, context) { place, core in
            let isAll = if case .all = meant { true } else { false }
            let count = core.clear(
                function: place, cause: isAll ? .clearAll : .clearFunction, resettingCounters: !isAll)
            if count > 0 || !isAll { core.work.spend(publishClear(core.info(place).row, connection)) }
            return count
        }
        guard isOver else { return yields(.clearMany(progress), context) }
        finishClear(&core, request, progress.cleared, context)
        return .done
    }

    /// Goes on through the functions that are meant.
    /// - Returns: false where the connection's share is used up before the end.
    func forEach(
        _ meant: MeantFunctions, _ progress: inout ClearManyProgress, _ core: inout StoreCore,
        _ context: Context, _ clear: (UInt32, inout StoreCore) -> Int
    ) -> Bool {
        let owner = visibleOwner(context.connection)
        progress.isFirst = false
        while let place = progress.left.popFirst() {
            if mustYield(core, context, atLeast: Self.clearWork) {
                progress.left = place..<progress.left.upperBound
                core.holdCommit(for: context.connection.id)
                return false
            }
            guard core.isFunction(place, of: owner), matches(meant, place, &core) else { continue }
            progress.cleared += clear(place, &core)
            core.work.spend(Self.functionWork)
        }
        core.releaseCommit(for: context.connection.id)
        return true
    }

    private func matches(_ meant: MeantFunctions, _ place: UInt32, _ core: inout StoreCore) -> Bool {
        guard case .pattern(let pattern) = meant else { return true }
        let name = core.info(place).row.name
        core.work.spend(1 + pattern.count * name.utf8.count / Self.comparedAtOnce)
        return Pattern.matches(String(decoding: pattern, as: UTF8.self), name)
    }

    /// Some thousand functions are cleared at once all the same: nobody sees a part of them cleared then.
    private static let clearWork = 4000
    /// To clear a function, in units of work.
    private static let functionWork = 3

    /// The functions that a name means: to an administrator where users are isolated, everybody's.
    func named(_ core: borrowing StoreCore, _ request: Request, _ connection: Connection) -> [UInt32] {
        if visibleOwner(connection) == nil, settings.isolatesUsers {
            return core.places(named: request.function)
        }
        return core.function(owner: owner(request, connection), name: request.function).map { [$0] } ?? []
    }

    func finishClear(_ core: inout StoreCore, _ request: Request, _ cleared: Int, _ context: Context) {
        ReplyWriter.begin(request.id, into: &context.connection.output)
        ReplyWriter.field("cleared", cleared, into: &context.connection.output)
        ReplyWriter.end(into: &context.connection.output)
        gate(&core, request, context)
    }
}
