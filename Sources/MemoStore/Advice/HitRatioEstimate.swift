/// The hit ratio of a least-recently-used cache, by its size.
///
/// How the hits in caches up to `limit` are spread over the sizes is known from every look-up of some stretches of time: a
/// sample of the keys would have or lack the few with most look-ups by chance. Those that miss there are of keys that are used
/// seldom, and of these it has its share, of all the time.
struct HitRatioEstimate {
    private let recent: DistanceHistogram.Cumulative
    private let limit: Int64
    private let sampled: SampledReuse.Shares
    private let asked: Double
    /// The share of look-ups that hit in a cache of size `limit`.
    private let known: Double
    /// Distinct keys that were asked for, or what they weigh.
    let distinct: Int64

    /// - Parameter asked: how many look-ups there were, told or not.
    init(recent: RecentReuse.Shares, sampled: SampledReuse.Shares, asked: Double, distinct: Int64) {
        self.recent = recent.below
        self.sampled = sampled
        self.asked = asked
        self.distinct = distinct
        let unknown = max(0, asked - recent.counted)
        // The sample knows of larger sizes only where most look-ups are left to it: keys of middling use are in it by chance.
        limit = unknown * Self.few < asked ? recent.limit : recent.limit / 2
        let knownHits = recent.below.below(limit)
        // If no key is asked for often, the sample's own total is the surer one.
        let isEven = recent.counted > 0 && knownHits * Self.few < recent.counted
        let all = isEven ? max(1, sampled.unknownMisses(0)) : unknown
        let hits = knownHits + max(0, 1 - sampled.unknownMisses(limit) / max(1, all)) * unknown
        known = asked > 0 ? min(1, hits / asked) : 0
    }

    private static let few = 10.0

    /// How many look-ups there were.
    var lookups: Int64 { Int64(asked) }

    /// The share of look-ups for keys asked for the first time: no size makes hits of them.
    var firstUseRatio: Double { asked > 0 ? min(1, sampled.firstUses / asked) : 0 }

    /// The share of look-ups that hit in a cache of this size.
    func ratio(size: Int64) -> Double {
        guard asked > 0, size > 0 else { return 0 }
        guard size > limit else { return known * spread(size) }
        let seldom = sampled.misses(limit)
        return seldom > 0 ? known + (1 - known) * (1 - sampled.misses(size) / seldom) : known
    }

    /// Of the hits in a cache of size `limit`, those in a smaller one.
    private func spread(_ size: Int64) -> Double {
        let hits = recent.below(limit) > 0 ? recent : sampled.below
        let all = hits.below(limit)
        return all > 0 ? hits.below(size) / all : Double(size) / Double(limit)
    }
}
