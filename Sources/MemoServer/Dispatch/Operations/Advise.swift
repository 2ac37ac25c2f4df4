internal import MemoStore
internal import MemoWire

/// What sizes would serve better.
extension Dispatcher {
    func advise(_ core: inout StoreCore, _ request: Request, _ context: Context) {
        let owner = visibleOwner(context.connection)
        var object = ObjectWriter()
        let rows: [FunctionAdvice]
        if request.function.isEmpty {
            rows = store.advise(core) { owner == nil || isVisible($0, to: owner) }
        } else {
            let function = core.function(
                owner: self.owner(request, context.connection), name: request.function)
            rows = function.flatMap { store.advise(core, on: $0) }.map { [$0] } ?? []
        }
        object.array("functions", rows.enumerated()) { _, row, object in
            object.field("fn", row.function.name)
            if owner == nil, row.function.owner != FunctionRow.everyone {
                object.field("uid", row.function.owner)
            }
            append(row.advice, "maxsize", to: &object)
        }
        // The hot tier is everybody's.
        if request.function.isEmpty, owner == nil {
            let advice = store.adviseHot(core)
            object.object("hot") { append(advice, "bytes", to: &$0) }
        }
        object.reply(to: request, into: &context.connection.output)
    }

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
