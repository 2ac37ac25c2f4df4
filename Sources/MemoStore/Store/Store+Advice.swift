internal import Synchronization

/// What the models of reuse say about functions and the hot tier.
package struct FunctionAdvice: Sendable {
    package var function: FunctionRow
    package var advice: Advice
}

/// Models are fed by the maintenance thread and asked by requests; their lock may be taken while the core's is held.
extension Store {
    /// Feeds the models what was looked up since the last time.
    func takeLookups() {
        var taken: LookupSampler.Taken?
        core.withLock { core in
            if !core.lookups.isEmpty { taken = core.lookups.take() }
        }
        guard let taken else { return }
        let (hot, thresholds) = advice.withLock { table in
            table.add(taken, now: clock.now())
            return (table.hotThreshold, table.thresholds)
        }
        core.withLock { $0.setSampling(hot: hot, thresholds) }
    }

    /// Advice on every function that has a model and a bound, by name.
    package func advise(_ core: borrowing StoreCore, isVisible: (FunctionRow) -> Bool) -> [FunctionAdvice] {
        let known = advice.withLock { $0.thresholds.map(\.function) }
        var rows: [FunctionAdvice] = []
        for id in known {
            guard let place = core.functions.place(id: id), isVisible(core.functions[place].row),
                let row = advise(core, on: place)
            else { continue }
            rows.append(row)
        }
        return rows.sorted { ($0.function.name, $0.function.owner) < ($1.function.name, $1.function.owner) }
    }

    /// Advice on one function; `nil` if it has no bound.
    package func advise(_ core: borrowing StoreCore, on function: UInt32) -> FunctionAdvice? {
        let row = core.functions[function].row
        guard let maxsize = row.maxsize else { return nil }
        let (estimate, ms) = advice.withLock { $0.estimate(of: row.id, now: core.now) }
        let costMs = row.hits > 0 ? Double(row.savedMs) / Double(row.hits) : 0
        return FunctionAdvice(
            function: row, advice: Advice(estimate, size: maxsize, overMs: ms, costMs: costMs))
    }

    package func adviseHot(_ core: borrowing StoreCore) -> Advice {
        let (estimate, ms) = advice.withLock { $0.hotEstimate(now: core.now) }
        return Advice(estimate, size: Int64(core.hot.limit), overMs: ms, costMs: Self.coldReadMs)
    }

    /// What a hit in the cold tier costs more than one in memory: docs/experiments.md.
    private static let coldReadMs = 0.02
}
