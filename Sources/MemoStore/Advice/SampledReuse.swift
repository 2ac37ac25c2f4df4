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
    /// The same of look-ups of which nothing else is known.
    private var unknown = DistanceHistogram()
    private var unknownFirstUses = 0.0
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

    /// - Parameter isKnown: what came of it is known exactly.
    mutating func use(_ hash: UInt64, weight: Int64, isKnown: Bool) {
        guard Self.samplingHash(hash) < threshold else { return }
        let scale = 1 / rate
        switch distances.use(hash, weight: weight) {
        case .known(let distance):
            let distance = Int64(Double(distance) * scale)
            histogram.add(scale, distance: distance)
            if !isKnown { unknown.add(scale, distance: distance) }
        case .firstUse:
            firstUses += scale
            if !isKnown { unknownFirstUses += scale }
        case .unknown: break
        }
        if distances.count > keysMax { lower(to: threshold / 8 * 7) }
    }

    /// Some look-ups of sampled keys were not told.
    mutating func miss() { distances.miss() }

    /// Samples fewer keys from now on.
    mutating func lower(to threshold: UInt64) {
        self.threshold = max(1, threshold)
        distances.keep { Self.samplingHash($0) < self.threshold }
    }

    mutating func age() {
        histogram.scale(0.5)
        firstUses *= 0.5
        unknown.scale(0.5)
        unknownFirstUses *= 0.5
    }

    struct Shares {
        /// Look-ups whose distance is less than some distance, and those of keys that were never asked before.
        let below: DistanceHistogram.Cumulative
        let firstUses: Double
        /// The same of look-ups of which nothing else is known.
        let unknownBelow: DistanceHistogram.Cumulative
        let unknownFirstUses: Double

        /// Look-ups that miss in a cache of this size.
        func misses(_ size: Int64) -> Double { firstUses + below.total - below.below(size) }

        func unknownMisses(_ size: Int64) -> Double {
            unknownFirstUses + unknownBelow.total - unknownBelow.below(size)
        }
    }

    var shares: Shares {
        Shares(
            below: histogram.cumulative, firstUses: firstUses, unknownBelow: unknown.cumulative,
            unknownFirstUses: unknownFirstUses)
    }

    func check() {
        distances.check()
        precondition(distances.count <= keysMax, "more keys than are kept")
    }
}
