/// The exact reuse distances of the keys used most recently, over stretches of look-ups that are told without a gap.
struct RecentReuse {
    private var distances = StackDistances()
    private var histogram = DistanceHistogram()
    /// Look-ups that count, and those of them that miss in a cache of size `limit`.
    private var counted = 0.0
    private var misses = 0.0
    private let keysMax: Int
    /// What half of the keys weighed that are kept, on average: distances below this are known.
    private(set) var limit: Int64 = 1
    /// What all of them weighed, on average over the last times when there were as many as are kept.
    private var fullWeight = 0.0
    private var fullCount = 0.0
    private var lookupsSinceGap = Int.max
    private var keysSinceGap = Int.max

    init(keysMax: Int) { self.keysMax = keysMax }

    /// - Returns: whether it counts: after a gap, the first look-ups tell nothing of what was used before it.
    mutating func use(_ hash: UInt64, weight: Int64) -> Bool {
        let distance = distances.use(hash, weight: weight)
        weigh()
        let counts = keysSinceGap >= keysMax / 2 || lookupsSinceGap >= Self.lookupsToSettle
        if lookupsSinceGap < .max { lookupsSinceGap += 1 }
        if counts { counted += 1 }
        if case .known(let distance) = distance {
            guard counts else { return false }
            histogram.add(1, distance: distance)
            if distance >= limit { misses += 1 }
        } else {
            if counts { misses += 1 }
            if keysSinceGap < .max { keysSinceGap += 1 }
        }
        return counts
    }

    private mutating func weigh() {
        if distances.count > keysMax {
            distances.removeOldest()
            fullCount = min(fullCount + 1, Self.meanOver)
            fullWeight += (Double(distances.weight) - fullWeight) / fullCount
            limit = Int64(fullWeight / 2)
        } else if fullCount == 0 {
            limit = max(1, distances.weight * Int64(keysMax / 2) / Int64(distances.count))
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
        counted *= 0.5
        misses *= 0.5
    }

    struct Shares {
        /// Look-ups whose distance is less than some distance.
        let below: DistanceHistogram.Cumulative
        let counted: Double
        let misses: Double
        let limit: Int64
    }

    var shares: Shares {
        Shares(below: histogram.cumulative, counted: counted, misses: misses, limit: limit)
    }

    private static let lookupsToSettle = 8192
    private static let meanOver = 1000.0

    func check() {
        distances.check()
        precondition(distances.count <= keysMax, "more keys than are kept")
    }
}
