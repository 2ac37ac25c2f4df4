internal import MemoStore
internal import MemoWire

extension Progress {
    fileprivate consuming func history(_ changed: Int) -> Int {
        switch consume self {
        case .history(let left): left
        default: changed
        }
    }
}

/// What happened over time.
extension Dispatcher {
    func history(
        _ core: inout StoreCore, _ request: Request, _ spanMs: Int64, _ points: Int, _ context: Context
    ) -> Step {
        if refusesReply(of: points * Self.pointBytes, request, context) { return .done }
        let owner = visibleOwner(context.connection)
        if request.function.isEmpty, let owner {
            // What the user's functions have counted and the history does not have yet.
            var left = context.connection.takeProgress().history(core.changedFunctions)
            while core.noteHistory(&left, of: owner) {
                if mustYield(core, context) { return yields(.history(left), context) }
            }
        }
        let reading: HistoryReading
        if request.function.isEmpty {
            reading = core.readHistory(owner: owner, spanMs: spanMs, points: points)
        } else {
            let functions = named(&core, request, context.connection)
            reading = core.readHistory(functions: functions, spanMs: spanMs, points: points)
        }
        var object = ObjectWriter()
        object.field("step_ms", reading.stepMs)
        object.array("points", reading.points.enumerated()) { index, point, row in
            row.field("at", reading.start + Int64(index) * reading.stepMs)
            row.field("hits", point.counters.hits)
            row.field("misses", point.counters.misses)
            row.field("saved_ms", point.counters.savedMs)
            row.field("evictions", point.counters.evictions)
            row.field("entries", point.gauges.entries)
            row.field("hot_bytes", point.gauges.hotBytes)
            row.field("cold_bytes", point.gauges.coldBytes)
        }
        core.work.spend(reading.points.count)
        object.reply(to: request, into: &context.connection.output)
        return .done
    }

    /// What a step takes in a reply, about.
    private static let pointBytes = 160
}
