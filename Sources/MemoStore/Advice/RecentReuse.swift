/// The exact reuse distances of the keys used most recently, over stretches of look-ups that are told without a gap.
struct RecentReuse {
    private var distances = StackDistances()
    private var histogram = DistanceHistogram()
    /// Look-ups of keys that are not among the most recent ones.
    private var beyond = 0.0
    private let keysMax: Int
    /// What the most recent keys weighed, on average, when there were as many as are kept.
    private var fullWeight = 0.0
    private var fullCount = 0.0
    private var lookupsSinceGap = Int.max
    private var keysSinceGap = Int.max

    init(keysMax: Int) { self.keysMax = keysMax }

    /// Distances below this are known exactly; `nil` if all are.
    var limit: Int64? { fullCount > 0 ? Int64(fullWeight) : nil }

    mutating func use(_ hash: UInt64, weight: Int64) {
        let distance = distances.use(hash, weight: weight)
        if distances.count > keysMax {
            distances.removeOldest()
            fullCount = min(fullCount + 1, Self.meanOver)
            fullWeight += (Double(distances.weight) - fullWeight) / fullCount
        }
        // After a gap, the first look-ups tell nothing of what was used before it.
        let counts = keysSinceGap >= keysMax || lookupsSinceGap >= Self.lookupsToSettle
        if lookupsSinceGap < .max { lookupsSinceGap += 1 }
        if case .known(let distance) = distance {
            if counts { histogram.add(1, distance: distance) }
        } else {
            if counts { beyond += 1 }
            if keysSinceGap < .max { keysSinceGap += 1 }
        }
    }

    /// Some look-ups were not told.
    mutating func miss() {
        distances.miss()
        lookupsSinceGap = 0
        keysSinceGap = 0
    }

    mutating func age() {
        histogram.scale(0.5)
        beyond *= 0.5
    }

    /// The shares of look-ups whose distance is less than some distance, which is no more than `limit`.
    var shares: (below: DistanceHistogram.Cumulative, total: Double) {
        let sums = histogram.cumulative
        return (sums, sums.total + beyond)
    }

    private static let lookupsToSettle = 8192
    private static let meanOver = 1000.0

    func check() {
        distances.check()
        precondition(distances.count <= keysMax, "more keys than are kept")
    }
}
