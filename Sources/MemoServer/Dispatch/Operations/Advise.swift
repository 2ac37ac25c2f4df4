internal import MemoStore
internal import MemoWire

struct AdviseProgress {
    /// Functions that are still to be asked about; `nil`: it is not known yet which.
    var left: [FunctionID]?
    var rows: [FunctionAdvice] = []
}

extension Progress {
    fileprivate consuming func advise() -> AdviseProgress {
        switch consume self {
        case .advise(let progress): progress
        default: AdviseProgress()
        }
    }
}

/// What sizes would serve better.
extension Dispatcher {
    func advise(_ core: inout StoreCore, _ request: Request, _ context: Context) -> Step {
        let connection = context.connection
        let owner = visibleOwner(connection)
        var progress = connection.takeProgress().advise()
        if progress.left == nil {
            if request.function.isEmpty {
                progress.left = store.advisedFunctions
            } else {
                progress.left = named(&core, request, connection).map { core.info($0).row.id }
            }
        }
        guard var left = progress.left else { return yields(.advise(progress), context) }
        let isOfAll = request.function.isEmpty
        while let id = left.last {
            switch store.advise(
                &core, id: id,
                isVisible: { !isOfAll || owner == nil || isVisible($0, to: owner) })
            {
            case .busy: return yields(.advise(progress), context)
            case .none: break
            case .advice(let row): progress.rows.append(row)
            }
            left.removeLast()
            progress.left = left
            if !left.isEmpty, mustYield(core, context) { return yields(.advise(progress), context) }
        }
        // The hot tier is everyone's.
        var hot: Advice?
        if isOfAll, owner == nil {
            hot = store.adviseHot(&core)
            if hot == nil { return yields(.advise(progress), context) }
        }
        progress.rows.sort { ($0.function.name, $0.function.owner) < ($1.function.name, $1.function.owner) }
        var object = ObjectWriter()
        object.array("functions", progress.rows.enumerated()) { _, row, object in
            object.field("fn", row.function.name)
            if owner == nil, row.function.owner != FunctionRow.everyone {
                object.field("uid", row.function.owner)
            }
            append(row.advice, "maxsize", to: &object)
        }
        if let hot { object.object("hot") { append(hot, "bytes", to: &$0) } }
        core.work.spend(progress.rows.count * Self.rowWork)
        object.reply(to: request, into: &connection.output)
        return .done
    }

    /// To write a row with its curve, in units of work.
    private static let rowWork = 50

    /// - Parameter member: what a size is called.
    private func append(_ advice: Advice, _ member: String, to object: inout ObjectWriter) {
        object.field(member, advice.current.size)
        object.field("hit_ratio", ratio: advice.current.hitRatio)
        object.array("curve", advice.curve.enumerated()) { _, point, row in
            row.field(member, point.size)
            row.field("hit_ratio", ratio: point.hitRatio)
        }
        switch advice.outcome {
        case .suggestion(let suggestion):
            object.object("suggest") {
                $0.field(member, suggestion.size)
                $0.field("hit_ratio", ratio: suggestion.hitRatio)
                $0.field("saved_ms_per_hour", Int64(suggestion.savedMsPerHour.rounded()))
            }
        case .reason(let reason): object.field("reason", reason)
        }
    }
}
