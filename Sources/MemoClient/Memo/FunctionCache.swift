internal import Synchronization

/// What this process knows of one memoized function: results at hand, counters, and whether events keep it fresh.
final class FunctionCache: Sendable {
    private struct State {
        var local: LocalCache
        var hits: Int64 = 0
        var misses: Int64 = 0
        var unreported = Unreported()
        /// Whether events of the function arrive: without them nothing here may be trusted.
        var isFresh = false
        var isRetired = false
        /// Counts what happened to the function's entries elsewhere.
        var generation: UInt64 = 0
    }

    /// What the daemon has not been told of.
    struct Unreported {
        var hits: Int64 = 0
        var saved = Duration.zero
        var verification = VerificationReport()

        var isEmpty: Bool { hits == 0 && verification.verified == 0 }
    }

    let name: String
    private let early: Double
    private let state: Mutex<State>

    init(_ name: String, maximum: Int, early: Double = 0) {
        self.name = name
        self.early = early
        state = Mutex(State(local: LocalCache(maximum: maximum)))
    }

    /// A result at hand, which is counted as a hit; and for a miss, the generation to `keep` under.
    /// - Parameter key: in canonical form, as in all of these.
    func find(_ key: [UInt8]) -> (entry: LocalCache.Entry?, generation: UInt64) {
        state.withLock { state in
            guard state.isFresh, let entry = state.local.value(key, now: .now, early: early)
            else {
                return (nil, state.generation)
            }
            state.hits += 1
            state.unreported.hits += 1
            state.unreported.saved += entry.cost
            return (entry, state.generation)
        }
    }

    /// Puts a result at hand, unless something happened to the function's entries since `generation`.
    func keep(_ key: [UInt8], _ entry: LocalCache.Entry, generation: UInt64) {
        state.withLock { state in
            guard state.isFresh, state.generation == generation else { return }
            state.local.insert(key, entry)
        }
    }

    func count(isHit: Bool) {
        state.withLock { if isHit { $0.hits += 1 } else { $0.misses += 1 } }
    }

    /// A hit on the result of another task's call, which the daemon does not know of.
    func countShared() {
        state.withLock { state in
            state.hits += 1
            state.unreported.hits += 1
        }
    }

    /// Something happened to an entry; `nil`: to all of them.
    /// - Returns: the generation from now on.
    @discardableResult
    func forget(_ key: [UInt8]?) -> UInt64 {
        state.withLock { state in
            state.generation += 1
            if let key { state.local.remove(key) } else { state.local.removeAll() }
            return state.generation
        }
    }

    func clear() {
        state.withLock { state in
            state.generation += 1
            state.local.removeAll()
            state.hits = 0
            state.misses = 0
            state.unreported = Unreported()
        }
    }

    /// Events arrive from now on, or no longer.
    func setFresh(_ isFresh: Bool) {
        state.withLock { state in
            state.isFresh = isFresh
            state.generation += 1
            state.local.removeAll()
        }
    }

    var isFresh: Bool { state.withLock { $0.isFresh } }

    /// No one calls the function any more: its last hits remain to be reported.
    func retire() {
        state.withLock { state in
            state.isRetired = true
            state.local.removeAll()
        }
    }

    var isRetired: Bool { state.withLock { $0.isRetired } }

    var counters: (hits: Int64, misses: Int64, currsize: Int) {
        state.withLock { ($0.hits, $0.misses, $0.local.count) }
    }

    /// A hit was computed again.
    func countVerified(_ mismatch: Mismatch?) {
        state.withLock { state in
            state.unreported.verification.verified += 1
            guard let mismatch else { return }
            state.unreported.verification.mismatched += 1
            state.unreported.verification.mismatch = mismatch
        }
    }

    /// What the daemon has not been told of, which from now on it has.
    func takeUnreported() -> Unreported? {
        state.withLock { state in
            guard !state.unreported.isEmpty else { return nil }
            defer { state.unreported = Unreported() }
            return state.unreported
        }
    }

    /// It could not be told after all.
    func putBack(_ earlier: Unreported) {
        state.withLock { state in
            state.unreported.hits += earlier.hits
            state.unreported.saved += earlier.saved
            state.unreported.verification.verified += earlier.verification.verified
            state.unreported.verification.mismatched += earlier.verification.mismatched
            state.unreported.verification.mismatch =
                state.unreported.verification.mismatch ?? earlier.verification.mismatch
        }
    }
}
