internal import MemoClient

/// What changed between two snapshots, a second.
struct Rates {
    struct Row: Equatable {
        let name: String
        /// Whose it is, if that is known.
        let owner: Int64?
        let callsPerSecond: Double
        let hits: Int64
        let calls: Int64
        let currsize: Int64
        let totalHits: Int64
        let totalMisses: Int64
        /// Of the functions that it stands for.
        let members: [String]

        var label: String { owner.map { "\(name) (uid \($0))" } ?? name }
    }

    let seconds: Double
    let hits: Int64
    let calls: Int64
    let evictions: Int64
    /// Computing time that hits have saved.
    let saved: Duration
    /// Busiest first.
    let rows: [Row]

    /// - Parameter isGrouped: whether versions of a function are one row.
    init(from before: StatsSnapshot, to after: StatsSnapshot, seconds: Double, isGrouped: Bool = false) {
        self.seconds = max(seconds, 0.001)
        func change(_ name: String) -> Int64 {
            max(0, (after.totals.int(name) ?? 0) - (before.totals.int(name) ?? 0))
        }
        hits = change("hits")
        calls = hits + change("misses")
        evictions = change("evictions")
        saved = .milliseconds(change("saved_ms"))
        let grouped = isGrouped ? (try? FunctionGroup.grouped(after.functions)) : nil
        let functions = grouped ?? after.functions
        func identity(_ function: FunctionInfo) -> [String] {
            [function.name, function.owner.map(String.init) ?? ""]
        }
        let known = before.functions.flatMap(FunctionGroup.members)
        let earlier = Dictionary(known.map { (identity($0), $0) }) { first, _ in first }
        func counted(_ function: FunctionInfo) -> (hits: Int64, misses: Int64) {
            // A function that was cleared in between begins again from zero.
            let base = earlier[identity(function)].flatMap {
                $0.hits <= function.hits && $0.misses <= function.misses ? $0 : nil
            }
            return (function.hits - (base?.hits ?? 0), function.misses - (base?.misses ?? 0))
        }
        let perSecond = self.seconds
        rows = functions.map { function in
            let members = FunctionGroup.members(of: function)
            let new = members.map(counted)
            let hits = new.reduce(0) { $0 + $1.hits }
            let calls = hits + new.reduce(0) { $0 + $1.misses }
            return Row(
                name: function.name, owner: function.owner, callsPerSecond: Double(calls) / perSecond,
                hits: hits, calls: calls,
                currsize: function.currsize, totalHits: function.hits, totalMisses: function.misses,
                members: members.map(\.name))
        }.sorted { left, right in
            if left.calls != right.calls { return left.calls > right.calls }
            let (first, second) = (left.totalHits + left.totalMisses, right.totalHits + right.totalMisses)
            return first == second ? left.name < right.name : first > second
        }
    }

    var callsPerSecond: Double { Double(calls) / seconds }
    /// `nil` if nothing was called.
    var hitRatio: Double? { calls > 0 ? Double(hits) / Double(calls) : nil }

    /// `12.3`, `1234`.
    static func text(_ perSecond: Double) -> String {
        HumanFormat.decimal(perSecond, places: perSecond < 100 ? 1 : 0) + "/s"
    }
}
