internal import MemoClient

/// What changed between two snapshots, a second.
struct Rates {
    struct Row: Equatable {
        let name: String
        /// Whose it is, where that is known.
        let owner: Int64?
        let callsPerSecond: Double
        let hits: Int64
        let calls: Int64
        let currsize: Int64
        let totalHits: Int64
        let totalMisses: Int64

        var label: String { owner.map { "\(name) (uid \($0))" } ?? name }
    }

    let seconds: Double
    let hits: Int64
    let calls: Int64
    let evictions: Int64
    /// Busiest first.
    let rows: [Row]

    init(from before: StatsSnapshot, to after: StatsSnapshot, seconds: Double) {
        self.seconds = max(seconds, 0.001)
        func change(_ name: String) -> Int64 {
            max(0, (after.totals.int(name) ?? 0) - (before.totals.int(name) ?? 0))
        }
        hits = change("hits")
        calls = hits + change("misses")
        evictions = change("evictions")
        func identity(_ function: FunctionInfo) -> [String] {
            [function.name, function.owner.map(String.init) ?? ""]
        }
        let earlier = Dictionary(before.functions.map { (identity($0), $0) }) { first, _ in first }
        let perSecond = self.seconds
        rows = after.functions.map { function in
            // A function that was cleared in between begins again from zero.
            let base = earlier[identity(function)].flatMap {
                $0.hits <= function.hits && $0.misses <= function.misses ? $0 : nil
            }
            let hits = function.hits - (base?.hits ?? 0)
            let calls = hits + function.misses - (base?.misses ?? 0)
            return Row(
                name: function.name, owner: function.owner, callsPerSecond: Double(calls) / perSecond,
                hits: hits, calls: calls,
                currsize: function.currsize, totalHits: function.hits, totalMisses: function.misses)
        }.sorted { left, right in
            if left.calls != right.calls { return left.calls > right.calls }
            let (first, second) = (left.totalHits + left.totalMisses, right.totalHits + right.totalMisses)
            return first == second ? left.name < right.name : first > second
        }
    }

    var callsPerSecond: Double { Double(calls) / seconds }
    /// `nil` where nothing was called.
    var hitRatio: Double? { calls > 0 ? Double(hits) / Double(calls) : nil }

    /// `12.3`, `1234`.
    static func text(_ perSecond: Double) -> String {
        HumanFormat.decimal(perSecond, places: perSecond < 100 ? 1 : 0) + "/s"
    }
}
