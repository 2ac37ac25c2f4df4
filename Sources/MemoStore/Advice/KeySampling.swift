/// Which keys of a function, or of all, are noted outside of stretches: fewer once there are too many look-ups of them.
struct KeySampling {
    /// Those whose sampling hash is below this; 0: none.
    private(set) var threshold: UInt64
    /// Noted since the last take.
    private var noted: UInt32 = 0

    init(threshold: UInt64 = 0) { self.threshold = threshold }

    /// One of its keys was noted.
    mutating func count(atMost budget: UInt32) {
        noted += 1
        if noted >= budget, threshold > 1 {
            threshold /= 2
            // About half of what was noted is of keys that are sampled no more.
            noted /= 2
        }
    }
}

/// The sampled keys that were noted last: one that comes again at once is not noted again. So few keys with most look-ups do
/// not take the place of all others; that they hit in all but the smallest caches is known without them.
struct RecentNotes {
    private var keys = [UInt64](repeating: 0, count: Self.places)
    private var times = [UInt32](repeating: 0, count: Self.places)
    private var time: UInt32 = 0
    private static let places = 1024
    /// This many keys may come between: half of those that are known exactly.
    private static let keysBetween: UInt64 = 2048

    /// - Parameter threshold: of the models that are told of the key, the least one.
    /// - Returns: whether it is to be noted.
    mutating func takes(_ hash: UInt64, threshold: UInt64) -> Bool {
        let place = Int(truncatingIfNeeded: hash) & (Self.places - 1)
        let window = UInt32(Self.keysBetween * threshold / SampledReuse.whole)
        if keys[place] == hash, time &- times[place] < window { return false }
        time &+= 1
        keys[place] = hash
        times[place] = time
        return true
    }
}
