internal import Platform

/// What the models of reuse say about functions and the hot tier.
package struct FunctionAdvice: Sendable {
    package var function: FunctionRow
    package var advice: Advice
}

/// Models are fed by the maintenance thread, which takes long, and asked by requests, which do not wait for it: they have
/// the core's lock.
extension Store {
    package enum AdviceAnswer {
        case advice(FunctionAdvice)
        /// It has no bound, or no model, or is not there any more.
        case none
        /// The models are being fed: ask again.
        case busy
    }

    /// Feeds the models what was looked up since the last time.
    func takeLookups() {
        var taken: LookupSampler.Taken?
        core.withLock { core in
            if !core.statistics.lookups.isEmpty { taken = core.statistics.lookups.take() }
        }
        guard let taken else { return }
        var asked = Set(advice.withLock { $0.thresholds.map(\.function) })
        for lookup in taken.lookups where lookup.function != .none { asked.insert(lookup.function) }
        let counts = core.withLock { $0.takeLookupCounts(asked) }
        let (hot, thresholds, areNew) = advice.withLock { table in
            table.add(taken, counts, now: clock.now())
            return (table.hotThreshold, table.thresholds, table.areModelsNew)
        }
        core.withLock { $0.setSampling(hot: hot, thresholds, areModelsNew: areNew, asked: asked) }
    }

    /// The functions that have a model; `nil`: ask again.
    package var advisedFunctions: [FunctionID]? {
        advice.withLockIfAvailable { $0.thresholds.map(\.function) }
    }

    /// Advice on a function, if it is visible.
    package func advise(
        _ core: inout StoreCore, id: FunctionID, isVisible: (FunctionRow) -> Bool
    ) -> AdviceAnswer {
        guard let function = core.functions.find(id), isVisible(core.functions[function].row) else {
            return .none
        }
        return advise(&core, on: function)
    }

    package func advise(_ core: inout StoreCore, on function: FunctionSlot) -> AdviceAnswer {
        let row = core.functions[function].row
        guard let maxsize = row.maxsize else { return .none }
        core.work.spend(Self.adviceWork)
        guard let (estimate, ms) = advice.withLockIfAvailable({ $0.estimate(of: row.id, now: core.now) })
        else { return .busy }
        let costMs = row.hits > 0 ? Double(row.savedMs) / Double(row.hits) : 0
        return .advice(
            FunctionAdvice(
                function: row, advice: Advice(estimate, size: maxsize, overMs: ms, costMs: costMs)))
    }

    /// - Returns: `nil`: ask again.
    package func adviseHot(_ core: inout StoreCore) -> Advice? {
        core.work.spend(Self.adviceWork)
        guard let (estimate, ms) = advice.withLockIfAvailable({ $0.hotEstimate(now: core.now) }) else {
            return nil
        }
        return Advice(estimate, size: Int64(core.hot.limit), overMs: ms, costMs: Self.coldReadMs)
    }

    /// In units of work.
    private static let adviceWork = 500

    /// What a hit in the cold tier costs more than one in memory: docs/experiments.md.
    private static let coldReadMs = 0.02
}
