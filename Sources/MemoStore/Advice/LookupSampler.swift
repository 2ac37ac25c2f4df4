/// Look-ups on their way to the models of reuse, noted under the store's lock and taken twice a second, or as soon as there
/// are `lookupsDue` while the models are new.
///
/// What it takes is bounded: `stretchMax` look-ups are noted one after another, without a gap; then, for as many takes as
/// `takesBetween` says, only those of sampled keys. Where these are too many, fewer keys are sampled from then on.
struct LookupSampler: ~Copyable {
    struct Lookup {
        var hash: UInt64
        /// `none`: it has no bound, and no model of its own.
        var function: FunctionID
        /// What the entry takes, in units of 16 bytes, 0: not known; or how many look-ups of the key came soon after one
        /// that was noted. The top bits tell which.
        fileprivate var detail: UInt32

        var bytes: Int64 { Int64(detail & Self.number) * 16 }
        /// It belongs to a stretch without gaps.
        var isGapless: Bool { detail & Self.gapless != 0 }
        /// It stands for this many look-ups that came soon after another one; 0: for itself.
        var repeats: Int { detail & Self.repeated != 0 ? Int(detail & Self.number) : 0 }

        fileprivate static let gapless: UInt32 = 1 << 31
        fileprivate static let repeated: UInt32 = 1 << 30
        fileprivate static let number: UInt32 = repeated - 1
    }

    /// What was noted since the last take.
    struct Taken {
        var lookups: [Lookup]
        /// How many there were, noted or not.
        var told: Int64
        /// The stretch ended before: others were left out.
        var stretchEnded: Bool
        /// Look-ups of sampled keys were left out.
        var overran: Bool
    }

    static let stretchMax = 16384
    static let takesBetween = 4
    /// While the models are new a stretch goes on: it is taken when there are this many, before it has come to its end.
    static let lookupsDue = stretchMax / 2
    /// After this many for one model, between two takes, it samples half as many keys.
    static let sampledMax = 16384
    /// For all models together.
    static let notedMax = 65536

    private var lookups: [Lookup] = []
    private var stretchLeft = Self.stretchMax
    /// The same at the last take.
    private var stretchLeftBefore = Self.stretchMax
    private var notedLeft = Self.notedMax
    private var recent = RecentNotes()
    /// Look-ups outside of stretches, and how many there were at the last take.
    private var time: UInt32 = 0
    private var timeTaken: UInt32 = 0
    private var takesSinceEnd = 0
    private var overran = false
    /// How many look-ups of all functions the models know of, or are not to know of.
    private var counted: Int64 = 0
    /// Of the keys of all functions.
    private(set) var sampling = KeySampling(threshold: SampledReuse.whole)
    /// For the model of one function.
    private var budget = UInt32(Self.sampledMax)
    /// Whether stretches are to go on.
    private var areModelsNew = true

    init() { lookups.reserveCapacity(Self.lookupsExpected) }

    private static let lookupsExpected = 4096

    /// Whether a look-up is to be noted: every one of a stretch, else those of sampled keys.
    /// - Parameter threshold: the function's own.
    @inline(__always)
    mutating func wants(_ hash: UInt64, threshold: UInt64) -> Bool {
        if stretchLeft > 0 { return true }
        time &+= 1
        let sampling = SampledReuse.samplingHash(hash)
        return sampling < threshold || sampling < self.sampling.threshold
    }

    /// Notes one that is wanted.
    /// - Parameters:
    ///   - bytes: what the entry takes; 0 if there is none.
    ///   - own: the sampling of the function's keys.
    /// - Returns: whether it is time to take what was noted.
    mutating func note(_ hash: UInt64, function: FunctionID, bytes: Int, _ own: inout KeySampling) -> Bool {
        let size = UInt32(truncatingIfNeeded: bytes >> 4) & Lookup.number
        if stretchLeft > 0 {
            stretchLeft -= 1
            append(hash, function, size | Lookup.gapless)
            return areModelsNew && lookups.count == Self.lookupsDue
        }
        guard notedLeft > 0 else {
            overran = true
            return false
        }
        guard case .noted(let repeats) = recent.add(hash, function: function, at: time) else { return false }
        notedLeft -= 1
        if repeats.times > 0 { append(repeats.key, repeats.function, repeats.times | Lookup.repeated) }
        append(hash, function, size)
        let sampled = SampledReuse.samplingHash(hash)
        if sampled < sampling.threshold { sampling.count(atMost: UInt32(Self.sampledMax)) }
        if sampled < own.threshold { own.count(atMost: budget) }
        return false
    }

    @inline(__always)
    private mutating func append(_ hash: UInt64, _ function: FunctionID, _ detail: UInt32) {
        lookups.append(Lookup(hash: hash, function: function, detail: detail))
    }

    /// Samples as the models want it from now on.
    /// - Parameters:
    ///   - hot: the threshold for the keys of all functions.
    ///   - models: of functions.
    ///   - areNew: whether they want every look-up.
    mutating func sample(_ hot: UInt64, models: Int, areNew: Bool) {
        areModelsNew = areNew
        sampling = KeySampling(threshold: min(hot, sampling.threshold))
        budget = UInt32(max(1024, Self.sampledMax / max(1, models)))
    }

    /// No one knows which keys some look-ups were of.
    mutating func leaveOut(_ count: Int64) { counted &+= count }

    /// - Parameter all: the look-ups that there ever were.
    /// - Returns: how many of them there were since the last call, without those left out.
    mutating func count(upTo all: Int64) -> Int64 { all &- exchange(&counted, with: all) }

    private var stretchEnded: Bool { time != timeTaken }

    /// Whether there is enough to be taken before its time.
    var isDue: Bool { areModelsNew && stretchLeft > 0 && lookups.count >= Self.lookupsDue }

    /// Whether nothing was looked up since the last take.
    var isEmpty: Bool { lookups.isEmpty && !stretchEnded }

    /// Hands over what was noted. After a pause, another stretch begins.
    mutating func take() -> Taken {
        let taken = Taken(
            lookups: lookups, told: Int64(stretchLeftBefore - stretchLeft) + Int64(time &- timeTaken),
            stretchEnded: stretchEnded, overran: overran)
        lookups = []
        // What was noted this time may be noted next time: nothing is allocated under load.
        lookups.reserveCapacity(max(Self.lookupsExpected, taken.lookups.count))
        notedLeft = Self.notedMax
        overran = false
        if stretchLeft > 0 {
            // All was told until now, and the stretch goes on.
            stretchLeft = Self.stretchMax
        } else {
            takesSinceEnd += 1
            if takesSinceEnd == Self.takesBetween {
                takesSinceEnd = 0
                stretchLeft = Self.stretchMax
            }
        }
        timeTaken = time
        stretchLeftBefore = stretchLeft
        return taken
    }
}
