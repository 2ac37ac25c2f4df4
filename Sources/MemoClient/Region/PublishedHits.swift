internal import MemoRegion
internal import MemoWire
internal import Platform
internal import Synchronization

/// Hits that this process reads from memory which the daemon publishes, without asking it (docs/region.md).
///
/// The memory is mapped once there were some hits from the daemon. Whatever goes wrong here, the daemon is asked instead.
final class PublishedHits: Sendable {
    /// Hits from the daemon before the memory is mapped, and hits of one function before its place is asked for.
    private static let hitsFirst = 16
    private static let functionHitsFirst = 2
    /// After this many hits of a function that were not found there, its place is asked for again.
    private static let hitsAgain = 64
    private static let pause: Duration = .seconds(1)
    /// After a refusal.
    private static let retryPause: Duration = .seconds(10)
    private static let functionsMax = 4096

    private struct Function {
        var place: RegionMapping.Place?
        var hits = 0
        var askAt = PublishedHits.functionHitsFirst
        var asked: ContinuousClock.Instant?
    }

    private struct State {
        var mapping: RegionMapping?
        var functions: [String: Function] = [:]
        var hits = 0
        var retryAt: ContinuousClock.Instant?
        var isLearning = false
        var isClosed = false
    }

    private let locations: [SocketLocation]
    private let timeout: Duration
    private let state = Mutex(State())

    init(_ locations: [SocketLocation], timeout: Duration) {
        self.locations = locations
        self.timeout = min(timeout, .seconds(1))
    }

    /// The value of a key, as the daemon would answer it; `nil`: the daemon is to be asked.
    func find(_ function: String, _ key: JSONText) -> RegionReader.Hit? {
        guard let place = place(of: function) else { return nil }
        return key.bytes.withUnsafeBytes { bytes in
            // Most keys are in canonical form as they are.
            if JSONValue.isCanonicalKey(bytes) {
                return place.reader.get(place.number, place: place.place, bytes)
            }
            guard let canonical = CanonicalForm.bytes(of: key, isTyped: place.isTyped) else { return nil }
            return canonical.withUnsafeBytes { place.reader.get(place.number, place: place.place, $0) }
        }
    }

    /// The same of a key in the canonical form of functions that are not typed.
    func find(_ function: String, canonical: [UInt8]) -> RegionReader.Hit? {
        guard let place = place(of: function), !place.isTyped else { return nil }
        return canonical.withUnsafeBytes { place.reader.get(place.number, place: place.place, $0) }
    }

    /// Whether it is known where a function's hits are.
    func knows(_ function: String) -> Bool { place(of: function) != nil }

    private func place(of function: String) -> RegionMapping.Place? {
        state.withLock { $0.functions[function]?.place }
    }

    /// A hit came from the daemon.
    /// - Parameter inBackground: whether the caller must not wait.
    func answered(_ function: String, inBackground: Bool) {
        let asks = state.withLock { state in
            state.hits += 1
            guard state.hits >= Self.hitsFirst, !state.isClosed, state.functions.count < Self.functionsMax
            else { return false }
            var known = state.functions[function] ?? Function()
            known.hits += 1
            let now = ContinuousClock.now
            let asks =
                known.hits >= known.askAt && !state.isLearning && now >= state.retryAt ?? now
                && known.asked.map { now - $0 >= Self.pause } ?? true
            if asks {
                known.hits = 0
                known.askAt = Self.hitsAgain
                known.asked = now
                state.isLearning = true
            }
            state.functions[function] = known
            return asks
        }
        guard asks else { return }
        guard inBackground else { return learn(function) }
        let started: Void? = try? Thread.detach(blocksSignals: true) { self.learn(function) }
        if started == nil { state.withLock { $0.isLearning = false } }
    }

    /// Reads nothing from now on.
    func close() {
        state.withLock { state in
            state = State()
            state.isClosed = true
        }
    }

    private func learn(_ function: String) {
        let known = state.withLock { $0.mapping }
        do throws(MemoError) {
            if let known, !known.isOpen { throw MemoError(.disconnected, "the daemon publishes no more") }
            let mapping = if let known { known } else { try RegionMapping(locations, timeout: timeout) }
            let place = try mapping.place(of: function)
            state.withLock { state in
                guard !state.isClosed else { return }
                state.mapping = mapping
                state.functions[function]?.place = place
                state.isLearning = false
            }
        } catch {
            state.withLock { state in
                guard !state.isClosed else { return }
                let retryAt = known == nil ? ContinuousClock.now + Self.retryPause : nil
                state = State()
                state.retryAt = retryAt
            }
        }
    }
}
