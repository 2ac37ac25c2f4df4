/// The exact reuse distances of the keys used most recently, over stretches of look-ups that are told without a gap.
struct RecentReuse {
    private var distances = StackDistances()
    private var histogram = DistanceHistogram()
    /// Look-ups that count.
    private var counted = 0.0
    private let keysMax: Int
    /// What the most recent keys weighed, on average, when there were as many as are kept.
    private var fullWeight = 0.0
    private var fullCount = 0.0
    private var lookupsSinceGap = Int.max
    private var keysSinceGap = Int.max

    init(keysMax: Int) { self.keysMax = keysMax }

    /// - Returns: whether it counts: after a gap, the first look-ups tell nothing of what was used before it.
    mutating func use(_ hash: UInt64, weight: Int64) -> Bool {
        let distance = distances.use(hash, weight: weight)
        if distances.count > keysMax {
            distances.removeOldest()
            fullCount = min(fullCount + 1, Self.meanOver)
            fullWeight += (Double(distances.weight) - fullWeight) / fullCount
        }
        let counts = keysSinceGap >= keysMax || lookupsSinceGap >= Self.lookupsToSettle
        if lookupsSinceGap < .max { lookupsSinceGap += 1 }
        if counts { counted += 1 }
        if case .known(let distance) = distance {
            if counts { histogram.add(1, distance: distance) }
        } else if keysSinceGap < .max {
            keysSinceGap += 1
        }
        return counts
    }

    /// Some look-ups were not told.
    mutating func miss() {
        distances.miss()
        lookupsSinceGap = 0
        keysSinceGap = 0
    }

    mutating func age() {
        histogram.scale(0.5)
        counted *= 0.5
    }

    struct Shares {
        /// Look-ups whose distance is less than some distance.
        let below: DistanceHistogram.Cumulative
        let counted: Double
        /// What all keys weigh that are kept: distances below this are known.
        let limit: Int64
    }

    var shares: Shares {
        Shares(
            below: histogram.cumulative, counted: counted,
            limit: fullCount > 0 ? Int64(fullWeight) : distances.weight)
    }

    private static let lookupsToSettle = 8192
    private static let meanOver = 1000.0

    func check() {
        distances.check()
        precondition(distances.count <= keysMax, "more keys than are kept")
    }
}
