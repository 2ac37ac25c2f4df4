/// The hit ratio of a least-recently-used cache, by its size.
struct HitRatioEstimate {
    private let recent: (below: DistanceHistogram.Cumulative, total: Double)
    /// Sizes up to this are known from every look-up; `nil`: all are.
    private let limit: Int64?
    private let sampled: (below: DistanceHistogram.Cumulative, total: Double)
    /// The share of look-ups for keys asked for the first time: no size makes hits of them.
    let firstUseRatio: Double
    /// Distinct keys that were asked for, or what they weigh.
    let distinct: Int64

    init(
        recent: (below: DistanceHistogram.Cumulative, total: Double), limit: Int64?,
        sampled: (below: DistanceHistogram.Cumulative, total: Double), firstUseRatio: Double, distinct: Int64
    ) {
        self.recent = recent
        self.limit = limit
        self.sampled = sampled
        self.firstUseRatio = firstUseRatio
        self.distinct = distinct
    }

    /// How many look-ups there were, about.
    var lookups: Int64 { Int64(sampled.total) }

    /// The share of look-ups that hit in a cache of this size.
    func ratio(size: Int64) -> Double {
        guard let limit, size > limit else { return recentRatio(size) }
        let known = recentRatio(limit)
        let further = sampled.total - sampled.below.below(limit)
        guard further > 0 else { return known }
        let share = (sampled.below.below(size) - sampled.below.below(limit)) / further
        return known + (1 - known) * min(1, max(0, share))
    }

    private func recentRatio(_ size: Int64) -> Double {
        recent.total > 0 && size > 0 ? recent.below.below(size) / recent.total : 0
    }
}
