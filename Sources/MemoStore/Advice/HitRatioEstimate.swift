/// The hit ratio of a least-recently-used cache, by its size.
///
/// How the hits in caches up to `limit` are spread over the sizes is known from every look-up of some stretches of time, or
/// from the sample if that has all keys. How many miss there at all other times, and in larger caches, a sample of the keys
/// tells; what it has too many or too few of by chance is known from what is counted, and taken off.
struct HitRatioEstimate {
    private let recent: DistanceHistogram.Cumulative
    private let limit: Int64
    private let sampled: SampledReuse.Shares
    private let asked: Double
    /// Look-ups that miss in a cache of size `limit`.
    private let misses: Double
    /// Distinct keys that were asked for, or what they weigh.
    let distinct: Int64

    /// - Parameters:
    ///   - asked: how many look-ups there were, told or not.
    ///   - untold: those that are hits and never told.
    init(
        recent: RecentReuse.Shares, sampled: SampledReuse.Shares, asked: Double, untold: Double,
        distinct: Int64
    ) {
        self.recent = recent.below
        self.sampled = sampled
        self.asked = asked
        self.distinct = distinct
        limit = recent.limit
        let unknown = max(0, asked - untold - recent.counted)
        misses = recent.misses + sampled.misses(ofLookups: unknown, knownMisses: recent.misses)
    }

    /// How many look-ups there were.
    var lookups: Int64 { Int64(asked) }

    /// The share of look-ups for keys asked for the first time: no size makes hits of them.
    var firstUseRatio: Double { asked > 0 ? min(1, sampled.firstUses / asked) : 0 }

    /// The share of look-ups that hit in a cache of this size.
    func ratio(size: Int64) -> Double {
        guard asked > 0, size > 0 else { return 0 }
        let known = max(0, 1 - misses / asked)
        guard size > limit else { return known * spread(size) }
        let surplus = sampled.misses(limit) - misses
        let misses = sampled.misses(size) - surplus * sampled.missesPerMissAtLimit(size)
        return max(known, min(1, 1 - misses / asked))
    }

    /// Of the hits in a cache of size `limit`, those in a smaller one. A function that is seldom asked has few look-ups in
    /// any stretch, and its sample has all of its keys.
    private func spread(_ size: Int64) -> Double {
        let known = recent.below(limit)
        if known >= Self.knownHitsEnough, !sampled.isWhole { return recent.below(size) / known }
        let all = sampled.below.below(limit) + sampled.soon
        return all > 0 ? (sampled.below.below(size) + sampled.soon) / all : Double(size) / Double(limit)
    }

    private static let knownHitsEnough = 2000.0
}
