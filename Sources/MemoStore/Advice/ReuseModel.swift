/// Estimates the hit ratio of a least-recently-used cache of any size from some of the look-ups, and how many there were:
/// exactly where it is told all of them, up to the sizes for which it remembers every key; else from a sample of the keys.
struct ReuseModel {
    private var recent: RecentReuse
    private var sampled: SampledReuse
    /// The mean of the weights that are known, and over how many.
    private var meanWeight = 1.0
    private var weighed = 0.0
    /// Look-ups, told or not.
    private var asked = 0.0
    /// Hits of which no one says which keys they were of.
    private var untold = 0.0

    init(recentMax: Int, sampledMax: Int) {
        recent = RecentReuse(keysMax: recentMax)
        sampled = SampledReuse(keysMax: sampledMax)
    }

    /// Keys whose sampling hash is below this are to be told always, others as often as there is time.
    var threshold: UInt64 { sampled.threshold }
    var sampledKeys: Int { sampled.keyCount }

    /// There were this many look-ups, those that are told among them.
    /// - Parameter untold: this many are hits that are never told, whatever their keys.
    mutating func count(_ lookups: Int64, untold: Int64 = 0) {
        asked += Double(max(0, lookups))
        self.untold += Double(max(0, min(untold, lookups)))
    }

    /// Samples fewer keys from now on.
    mutating func lower(to threshold: UInt64) {
        if threshold < sampled.threshold { sampled.lower(to: threshold) }
    }

    /// What was noted.
    mutating func add(_ lookup: LookupSampler.Lookup, weight: Int64) {
        if lookup.repeats > 0 {
            sampled.useAgain(lookup.hash, times: lookup.repeats)
        } else {
            use(lookup.hash, weight: weight, isGapless: lookup.isGapless)
        }
    }

    /// A look-up.
    /// - Parameters:
    ///   - weight: what its entry takes, in what sizes are given in; 0: not known.
    ///   - isGapless: it belongs to a stretch of which every look-up is told.
    mutating func use(_ hash: UInt64, weight: Int64, isGapless: Bool) {
        if weight > 0 {
            weighed = min(weighed + 1, Self.meanOver)
            meanWeight += (Double(weight) - meanWeight) / weighed
        }
        let weight = weight > 0 ? weight : max(1, Int64(meanWeight))
        let isKnown = isGapless && recent.use(hash, weight: weight)
        sampled.use(hash, weight: weight, isKnown: isKnown, limit: recent.limit)
    }

    /// A stretch is over, and look-ups of keys that are not sampled are left out until the next.
    mutating func endStretch() { recent.miss() }

    /// Look-ups of sampled keys were left out, too: there are too many of them.
    mutating func overrun() {
        recent.miss()
        sampled.lower(to: sampled.threshold / 2)
        sampled.miss()
    }

    /// Lets what was counted so far count half.
    mutating func age() {
        asked *= 0.5
        untold *= 0.5
        recent.age()
        sampled.age()
    }

    /// What it has seen so far, to be asked for many sizes.
    var estimate: HitRatioEstimate {
        HitRatioEstimate(
            recent: recent.shares, sampled: sampled.shares, asked: asked, untold: untold,
            distinct: sampled.weight)
    }

    private static let meanOver = 10_000.0

    /// What must hold between two calls.
    func check() {
        recent.check()
        sampled.check()
    }
}
