/// The reuse distances of a sample of the keys: SHARDS of C. A. Waldspurger et al., "Efficient MRC construction with
/// SHARDS", FAST 2015, with a fixed size. A key is sampled if its hash is below a threshold, so all of its look-ups are
/// or none; the threshold falls as more keys come.
struct SampledReuse {
    /// Keys are sampled whose sampling hash is less.
    private(set) var threshold = Self.whole
    private var distances = StackDistances()
    private var histogram = DistanceHistogram()
    /// Look-ups for keys that were never asked before: no size makes hits of them.
    private var firstUses = 0.0
    /// Look-ups that came so soon after one of the same key that their distances are not known.
    private var soon = 0.0
    /// Distances of misses and first uses again, each weighted by its key's misses so far: of keys that miss often, this many
    /// miss in larger caches too.
    private var repeated = DistanceHistogram()
    private var repeatedFirst = 0.0
    /// Of the keys that are in the sample now.
    private var sums = TallySums()
    private let keysMax: Int

    /// Every key.
    static let whole: UInt64 = 1 << 32

    init(keysMax: Int) { self.keysMax = keysMax }

    /// The half of a key's hash by which it is sampled.
    @inline(__always)
    static func samplingHash(_ hash: UInt64) -> UInt64 { hash >> 32 }

    private var rate: Double { Double(threshold) / Double(Self.whole) }
    var keyCount: Int { distances.count }
    /// What all keys weigh that were ever asked for, or as far back as the sample goes.
    var weight: Int64 { Int64((Double(distances.weight) / rate).rounded(.up)) }

    /// - Parameters:
    ///   - isKnown: its distance is known exactly, if it is below `limit`.
    ///   - limit: the size up to which distances are known.
    mutating func use(_ hash: UInt64, weight: Int64, isKnown: Bool, limit: Int64) {
        guard Self.samplingHash(hash) < threshold else { return }
        let scale = 1 / rate
        switch distances.use(hash, weight: weight) {
        case .known(let distance):
            let distance = Int64(Double(distance) * scale)
            histogram.add(scale, distance: distance)
            tally(isKnown: isKnown, missesAt: distance >= limit ? distance : nil)
        case .firstUse:
            firstUses += scale
            tally(isKnown: isKnown, missesAt: .max)
        case .unknown: tally(isKnown: isKnown, missesAt: nil)
        }
        if distances.count > keysMax { lower(to: threshold / 8 * 7) }
    }

    /// Of the key that was used last.
    /// - Parameter missesAt: its distance; `Int64.max`: there is none; `nil`: it does not miss.
    private mutating func tally(isKnown: Bool, missesAt distance: Int64?) {
        distances.changeLastTally { tally in
            sums.remove(tally)
            if !isKnown { tally.lookups += 1 }
            if let distance {
                let weight = Double(tally.misses + tally.knownMisses) + 0.5
                if distance < .max {
                    repeated.add(weight, distance: distance)
                } else {
                    repeatedFirst += weight
                }
                if isKnown { tally.knownMisses += 1 } else { tally.misses += 1 }
            }
            sums.add(tally)
        }
    }

    /// Look-ups that came so soon after one of the same key that they hit in all but the smallest caches.
    mutating func useAgain(_ hash: UInt64, times: Int) {
        let scaled = Double(times) / rate
        distances.changeTally(of: hash) { tally in
            sums.remove(tally)
            tally.lookups += Float(times)
            sums.add(tally)
            soon += scaled
        }
    }

    /// Some look-ups of sampled keys were not told.
    mutating func miss() { distances.miss() }

    /// Samples fewer keys from now on.
    mutating func lower(to threshold: UInt64) {
        self.threshold = max(1, threshold)
        distances.keep { Self.samplingHash($0) < self.threshold }
        sums = distances.tallySums()
    }

    mutating func age() {
        histogram.scale(0.5)
        firstUses *= 0.5
        soon *= 0.5
        repeated.scale(0.25)
        repeatedFirst *= 0.25
        distances.halveTallies()
        sums = distances.tallySums()
    }

    struct Shares {
        /// Look-ups whose distance is less than some distance, and those of keys that were never asked before.
        let below: DistanceHistogram.Cumulative
        let firstUses: Double
        /// Look-ups that hit in all but the smallest caches.
        let soon: Double
        fileprivate let repeatedBelow: DistanceHistogram.Cumulative
        fileprivate let repeatedFirst: Double
        fileprivate let sums: TallySums
        fileprivate let rate: Double

        /// Whether every key is in the sample, and nearly every distance is known.
        var isWhole: Bool { rate == 1 && soon * 100 <= below.total }

        /// Look-ups that miss in a cache of this size.
        func misses(_ size: Int64) -> Double { firstUses + below.total - below.below(size) }

        /// The misses in a cache of size `limit` among look-ups of which only the sample tells: `TallySums`.
        func misses(ofLookups lookups: Double, knownMisses: Double) -> Double {
            sums.misses(rate: rate, lookups: lookups, knownMisses: knownMisses)
        }

        /// By how much the misses in a cache of this size go with those in one of size `limit`.
        func missesPerMissAtLimit(_ size: Int64) -> Double {
            let all = repeatedFirst + repeatedBelow.total
            return all > 0 ? (all - repeatedBelow.below(size)) / all : 0
        }
    }

    var shares: Shares {
        Shares(
            below: histogram.cumulative, firstUses: firstUses, soon: soon, repeatedBelow: repeated.cumulative,
            repeatedFirst: repeatedFirst, sums: sums, rate: rate)
    }

    func check() {
        distances.check()
        precondition(distances.count <= keysMax, "more keys than are kept")
    }
}
