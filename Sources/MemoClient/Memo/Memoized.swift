internal import MemoWire

/// A function whose results the daemon remembers. It is called like the function.
///
/// What fails is not remembered, and errors come as they are. A result that would not come back equal, or arguments
/// that JSON cannot tell apart, are not remembered either: the function then computes each time, as it does without
/// a daemon.
public struct Memoized<Result: Codable & Sendable, each Argument: Codable & Sendable>: Sendable {
    private let core: MemoizedCore
    private let compute: @Sendable (repeat each Argument) async throws -> Result

    init(_ core: MemoizedCore, _ compute: @escaping @Sendable (repeat each Argument) async throws -> Result) {
        self.core = core
        self.compute = compute
    }

    /// The result for these arguments, from this process, the daemon, or computed.
    ///
    /// - Throws: what the function throws, and nothing else; in single flight `CancellationError` too, where the
    ///   task is cancelled while it waits for another task's result.
    public func callAsFunction(_ argument: repeat each Argument) async throws -> Result {
        let compute = compute
        guard let key = Self.key(repeat each argument) else {
            core.cache.count(isHit: false)
            return try await compute(repeat each argument)
        }
        return try await core.result(for: key) { try await compute(repeat each argument) }
    }

    /// This process's hits and misses, and the daemon's number of entries, for which it is asked: about as long as
    /// a call that hits, and at most a second.
    public func cacheInfo() -> CacheInfo { core.info() }

    /// Computes the result for these arguments anew, and stores it in the place of the old one.
    /// - Throws: what the function throws; the old result stays then.
    @discardableResult
    public func refresh(_ argument: repeat each Argument) async throws -> Result {
        let compute = compute
        guard let key = Self.key(repeat each argument) else {
            core.cache.count(isHit: false)
            return try await compute(repeat each argument)
        }
        return try await core.refresh(key) { try await compute(repeat each argument) }
    }

    /// Removes all results of the function, here and in the daemon, and zeroes its counters. A daemon that does not
    /// answer now is told before it is asked again.
    public func cacheClear() { core.clear() }

    /// Removes the result for these arguments, as `cacheClear` removes all.
    public func forget(_ argument: repeat each Argument) async {
        guard let key = Self.key(repeat each argument) else { return }
        await core.forget(key)
    }

    /// `nil` if the arguments have no JSON that comes back equal.
    private static func key(_ argument: repeat each Argument) -> MemoizedKey? {
        var elements: [JSONValue] = []
        for argument in repeat each argument {
            guard let json = RoundTrip.json(of: argument, for: .key) else { return nil }
            elements.append(json)
        }
        return MemoizedKey(JSONText(.array(elements)))
    }
}

/// The arguments of a call, as they are sent and in canonical form.
struct MemoizedKey: Sendable {
    let json: JSONText
    let canonical: [UInt8]

    init?(_ json: JSONText) {
        guard let canonical = CanonicalForm.bytes(of: json) else { return nil }
        self.json = json
        self.canonical = canonical
    }
}

extension Memo {
    /// Has the daemon remember the results of a function.
    ///
    /// - Parameters:
    ///   - name: by which the function is known to the daemon and to every program. It stands for what the function
    ///     does: give it another one, or clear it, when that changes.
    ///   - maxsize: the most results that are kept, least recently used ones going first; `nil`: no bound.
    ///   - ttl: how long a result is fresh; `nil`: for ever.
    ///   - stale: how long after that it is still returned, while it is computed again in the background.
    ///   - tags: names by which results are cleared together.
    ///   - singleFlight: calls with the same arguments, of all processes at once, compute once.
    ///   - early: a factor, usually 1, by which a result is computed again in the background before the end of `ttl`,
    ///     by chance: the likelier the nearer the end and the longer it takes; `nil`: not.
    ///   - verify: which of the daemon's hits are computed again and compared, such as `0.01` or `.first`; `nil`: what
    ///     `MEMOD_VERIFY` says, else none. A result that differs warns, and replaces what was kept.
    ///   - compute: the function. Its result depends on nothing but its arguments.
    public func memoize<Result: Codable & Sendable, each Argument: Codable & Sendable>(
        _ name: String, maxsize: Int? = 128, ttl: Duration? = nil, stale: Duration? = nil,
        tags: [String] = [],
        singleFlight: Bool = false, early: Double? = nil, verify: Verification? = nil,
        _ compute: @escaping @Sendable (repeat each Argument) async throws -> Result
    ) -> Memoized<Result, repeat each Argument> {
        let options = MemoizeOptions(
            maxsize: maxsize, ttl: ttl, stale: stale, tags: tags, singleFlight: singleFlight, early: early,
            verify: verify ?? Verification.ofEnvironment(diagnostics.misread))
        let cache = FunctionCache(name, maximum: maxsize ?? .max, early: early ?? 0)
        invalidations.add(cache)
        return Memoized(MemoizedCore(self, cache, options), compute)
    }
}
