/// What is counted, and what is remembered of what happened. It decides nothing.
struct Statistics: ~Copyable {
    var totals: OwnerTotals
    var history: HistoryTable
    var mismatches: MismatchTable
    /// What is remembered of entries that are gone.
    var ghosts: GhostTable
    /// On their way to the models of reuse.
    var lookups = LookupSampler()

    init(limits: StoreLimits) {
        totals = OwnerTotals(ownersMax: limits.functionsMax)
        history = HistoryTable(functionsMax: limits.historyFunctionsMax, ownersMax: limits.historyOwnersMax)
        mismatches = MismatchTable(capacity: limits.mismatchesMax)
        ghosts = GhostTable(capacity: limits.ghostsMax)
    }

    /// A function goes, or starts anew: what it counted stays in the totals.
    mutating func retire(_ row: FunctionRow, _ hits: TierHits) {
        history.forget(.function(row.id))
        mismatches.forget(function: row.id)
        totals.retire(row, hits)
    }

    /// How many look-ups the models have not been told the number of.
    mutating func takeLookupCount() -> Int64 { lookups.count(upTo: totals.all.hits &+ totals.all.misses) }
}
