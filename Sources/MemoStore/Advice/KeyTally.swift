/// What was seen of one key of a sample, in a cache of the size up to which every distance is known exactly.
struct KeyTally {
    /// Look-ups of which only the sample tells, and those of them that miss.
    var lookups: Float = 0
    var misses: Float = 0
    /// Misses among look-ups whose distance is known exactly, whoever is asked for.
    var knownMisses: Float = 0

    mutating func halve() {
        lookups *= 0.5
        misses *= 0.5
        knownMisses *= 0.5
    }
}

/// The sums of what was seen of a sample's keys, and of the products of each two.
///
/// The few keys with most look-ups are in the sample or not, by chance, and so are their misses. How many look-ups and known
/// misses there are of all keys is counted, so what the sample has too many or too few of is known; how much of its error in
/// the misses goes with that, its keys themselves tell (the regression estimator of survey sampling).
struct TallySums {
    private var lookups = 0.0
    private var misses = 0.0
    private var knownMisses = 0.0
    private var lookupsSquared = 0.0
    private var knownSquared = 0.0
    private var lookupsKnown = 0.0
    private var missesLookups = 0.0
    private var missesKnown = 0.0

    mutating func add(_ tally: KeyTally) { add(tally, 1) }

    mutating func remove(_ tally: KeyTally) { add(tally, -1) }

    private mutating func add(_ tally: KeyTally, _ sign: Double) {
        let (lookups, misses) = (Double(tally.lookups), Double(tally.misses))
        let known = Double(tally.knownMisses)
        self.lookups += sign * lookups
        self.misses += sign * misses
        knownMisses += sign * known
        lookupsSquared += sign * lookups * lookups
        knownSquared += sign * known * known
        lookupsKnown += sign * lookups * known
        missesLookups += sign * misses * lookups
        missesKnown += sign * misses * known
    }

    /// The misses of all keys among look-ups of which only the sample tells.
    /// - Parameters:
    ///   - rate: the share of keys that are sampled.
    ///   - all: how many such look-ups there were of all keys.
    ///   - known: the misses of all keys among the look-ups whose distances are known.
    func misses(rate: Double, lookups all: Double, knownMisses known: Double) -> Double {
        let (byLookups, byKnown) = coefficients
        let estimate =
            misses / rate + byLookups * (all - lookups / rate) + byKnown * (known - knownMisses / rate)
        return max(0, min(all, estimate))
    }

    /// How many misses go with one look-up and one known miss, by least squares.
    private var coefficients: (byLookups: Double, byKnown: Double) {
        let determinant = lookupsSquared * knownSquared - lookupsKnown * lookupsKnown
        guard determinant > lookupsSquared * knownSquared * Self.independent else {
            return lookupsSquared > 0 ? (missesLookups / lookupsSquared, 0) : (0, 0)
        }
        return (
            (missesLookups * knownSquared - missesKnown * lookupsKnown) / determinant,
            (missesKnown * lookupsSquared - missesLookups * lookupsKnown) / determinant
        )
    }

    private static let independent = 1e-6
}
