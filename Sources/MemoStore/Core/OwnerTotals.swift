/// What was counted since the database was made: over all functions, and for each owner what their functions had counted
/// before they were cleared or forgotten, so that totals never fall.
struct OwnerTotals {
    /// Over all functions.
    private(set) var all = Totals()
    private var retired: [Int64: Totals] = [:]
    /// How often something was retired: sums over functions that were begun before are wrong.
    private(set) var retirements: UInt64 = 0
    /// Owners beyond these lose what was retired.
    private let ownersMax: Int

    init(ownersMax: Int) {
        self.ownersMax = ownersMax
    }

    @inline(__always)
    mutating func countHit(savedMs: Int64, isHot: Bool) {
        all.hits += 1
        if savedMs > 0 { all.savedMs.addSaturating(savedMs) }
        if isHot { all.hotHits += 1 } else { all.coldHits += 1 }
    }

    @inline(__always)
    mutating func countMiss() { all.misses += 1 }

    /// Misses of a function that there was no place for.
    mutating func countMisses(_ count: Int, of owner: Int64) {
        all.misses.addSaturating(Int64(count))
        guard owner != FunctionRow.everyone, retired[owner] != nil || retired.count < ownersMax else {
            return
        }
        retired[owner, default: Totals()].misses.addSaturating(Int64(count))
    }

    mutating func countEviction() { all.evictions += 1 }

    mutating func countExpiration() { all.expirations += 1 }

    /// Adds what clients counted.
    mutating func report(
        hits: Int64, savedMs: Int64, regionHits: Int64 = 0, verified: Int64, mismatched: Int64
    ) {
        all.hits.addSaturating(hits)
        all.savedMs.addSaturating(savedMs)
        all.regionHits.addSaturating(regionHits)
        all.verified.addSaturating(verified)
        all.mismatched.addSaturating(mismatched)
    }

    /// Adds what an earlier run counted.
    mutating func restore(_ totals: Totals) { all.add(totals) }

    /// Keeps what a function has counted, before its counters start anew.
    mutating func retire(_ row: FunctionRow, _ hits: TierHits) {
        retirements &+= 1
        guard row.owner != FunctionRow.everyone else { return }
        guard retired[row.owner] != nil || retired.count < ownersMax else { return }
        retired[row.owner, default: Totals()].add(Totals(row, hits))
    }

    /// What an owner's functions had counted that they count no more.
    func retired(of owner: Int64) -> Totals { retired[owner] ?? Totals() }

    /// Holds between any two calls; ends the process if it does not. For tests.
    func check() {
        precondition(retired.count <= ownersMax && retired[FunctionRow.everyone] == nil)
        precondition(all.hits >= all.hotHits + all.coldHits)
    }
}

/// Hits by where the values were.
struct TierHits {
    var hot: Int64 = 0
    var cold: Int64 = 0
}
