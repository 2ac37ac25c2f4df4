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

/// The sampled keys that were noted last: look-ups of one that comes again at once are only counted. So few keys with most
/// look-ups do not take the place of all others; that they hit in all but the smallest caches is known without them.
struct RecentNotes {
    private struct Note {
        var key: UInt64 = 0
        var time: UInt32 = 0
        var function = FunctionID.none
        var repeats: UInt32 = 0
    }

    /// Look-ups of a key that were counted, to be told.
    struct Repeats {
        var key: UInt64
        var function: FunctionID
        var times: UInt32
    }

    enum Outcome {
        case counted
        /// It is to be noted, as are those that were counted of the key whose place it takes: often its own.
        case noted(after: Repeats)
    }

    private var notes = Array(repeating: Note(), count: Self.places)
    private static let places = 1024
    /// This many look-ups may come between. A distance is taken for longer by this at most, so it is a small part of those that
    /// are known exactly.
    private static let lookupsBetween: UInt32 = 256

    /// - Parameter time: how many look-ups there were, of all keys.
    mutating func add(_ key: UInt64, function: FunctionID, at time: UInt32) -> Outcome {
        let place = Int(truncatingIfNeeded: key) & (Self.places - 1)
        let old = notes[place]
        if old.key == key, time &- old.time < Self.lookupsBetween {
            notes[place].repeats += 1
            return .counted
        }
        notes[place] = Note(key: key, time: time, function: function)
        return .noted(after: Repeats(key: old.key, function: old.function, times: old.repeats))
    }
}
