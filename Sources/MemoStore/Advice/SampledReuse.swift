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

    mutating func use(_ hash: UInt64, weight: Int64) {
        guard Self.samplingHash(hash) < threshold else { return }
        let scale = 1 / rate
        switch distances.use(hash, weight: weight) {
        case .known(let distance): histogram.add(scale, distance: Int64(Double(distance) * scale))
        case .firstUse: firstUses += scale
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
    }

    /// What the look-ups weigh whose distance is less than some distance, and what all of them do.
    var shares: (below: DistanceHistogram.Cumulative, total: Double) {
        let sums = histogram.cumulative
        return (sums, sums.total + firstUses)
    }

    /// The share of look-ups for keys asked for the first time.
    var firstUseRatio: Double {
        let total = shares.total
        return total > 0 ? firstUses / total : 0
    }

    func check() {
        distances.check()
        precondition(distances.count <= keysMax, "more keys than are kept")
    }
}
