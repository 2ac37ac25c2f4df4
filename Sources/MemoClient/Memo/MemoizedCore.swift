internal import MemoRegion
internal import MemoWire
internal import Synchronization

/// Where a memoized function's results come from: at hand, the daemon, or computed. Nothing that goes wrong on the
/// way to the daemon reaches the caller.
final class MemoizedCore: Sendable {
    private struct State {
        var isDefined = false
        /// After a failure the daemon is left alone until then.
        var pausedUntil: ContinuousClock.Instant?
        var removals = Removals()
    }

    /// A computation in single flight, and the connection that holds its lease.
    final class Flight: Sendable {
        let memo: Memo
        let channel: Channel
        /// A task that the computation has left behind is none of it.
        let isOver = Atomic(false)

        init(_ memo: Memo, _ channel: Channel) {
            self.memo = memo
            self.channel = channel
        }
    }

    /// The flight around the current task. What is called within it waits on the same connection, so that the
    /// daemon sees who waits for whom, and lets no one wait in a circle.
    @TaskLocal static var flight: Flight?

    private static let pause: Duration = .seconds(1)
    /// The lease of a computation: it ends with the connection too, if the process dies.
    private static let lease: Duration = .seconds(3600)
    private static let wait: Duration = .seconds(60)

    let cache: FunctionCache
    let memo: Memo
    private let options: MemoizeOptions
    private let flights = FlightGroup()
    private let verifier: Verifier
    private let state = Mutex(State())

    init(_ memo: Memo, _ cache: FunctionCache, _ options: MemoizeOptions) {
        self.memo = memo
        self.cache = cache
        self.options = options
        verifier = Verifier(options.verify)
    }

    deinit {
        cache.retire()
    }

    func result<Result: Codable & Sendable>(
        for key: MemoizedKey, _ compute: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let (entry, generation) = cache.find(key.canonical)
        // In two steps: the cast of no entry to an optional result would be a result.
        if let entry, let result = entry.value as? Result { return result }
        guard isAvailable else { return try await computed(in: Self.flight, compute).result }
        if let result: Result = published(key, generation) { return result }
        guard options.singleFlight else { return try await ask(key, generation, in: nil, compute) }
        if let flight = Self.flight, !flight.isOver.load(ordering: .relaxed) {
            // Of circles through two daemons no one knows.
            return try await ask(key, generation, in: flight.memo === memo ? flight : nil, compute)
        }
        let (result, isShared) = try await flights.run(key.canonical) { [self] in
            let flight = Flight(memo, memo.takeChannel())
            defer { flight.isOver.store(true, ordering: .relaxed) }
            do {
                let result = try await ask(key, generation, in: flight, compute)
                memo.giveBack(flight.channel)
                return result
            } catch {
                // Whatever was granted on it ends with it.
                flight.channel.close()
                throw error
            }
        }
        if isShared { cache.countShared() }
        return result
    }

    /// A result that is read from where the daemon publishes it; `nil`: the daemon is to be asked.
    private func published<Result: Codable & Sendable>(_ key: MemoizedKey, _ generation: UInt64) -> Result? {
        // Whether it is time to compute anew, only the daemon says; and what is verified is asked for.
        guard options.early == nil, options.verify == nil, knowsAll,
            let hit = memo.published.find(cache.name, canonical: key.canonical),
            let json = try? JSONText(trusted: hit.value).value(),
            let result = try? JSONDecoding.decode(Result.self, from: json)
        else { return nil }
        cache.count(isHit: true)
        let entry = LocalCache.Entry(
            value: result, cost: .milliseconds(Int64(hit.costMs)),
            expires: hit.freshUntil.map { .now + .milliseconds($0 - BootTime.nowMs) },
            bytes: key.canonical.count + hit.value.count)
        cache.keep(key.canonical, entry, generation: generation)
        return result
    }

    /// Whether the daemon knows the function's settings, and what was to be removed.
    private var knowsAll: Bool { state.withLock { $0.isDefined && $0.removals.demand == nil } }

    /// - Parameter flight: in which to wait for others; `nil`: no one is waited for.
    private func ask<Result: Codable & Sendable>(
        _ key: MemoizedKey, _ generation: UInt64, in flight: Flight?,
        _ compute: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let began = ContinuousClock.now
        let channel = flight?.channel
        let lookup = await lookUp(key, on: channel)
        if let value = lookup?.value, let json = try? value.value(),
            let result = try? JSONDecoding.decode(Result.self, from: json)
        {
            cache.count(isHit: true)
            memo.published.answered(cache.name, inBackground: true)
            if let lease = lookup?.lease {
                // The first to see a stale result has it computed anew, for the others too.
                Task { [self] in
                    guard let (result, cost) = try? await computed(in: nil, compute) else {
                        return await release(key, lease, on: nil)
                    }
                    await store(key, result, cost, lease, generation, on: nil)
                }
            } else if let lookup, !lookup.isStale {
                if verifier.takeTurn() {
                    return await verified(key, result, lookup, began, generation, in: flight, compute)
                }
                keep(key, result, lookup, value.bytes.count, began, generation)
            }
            return result
        }
        do {
            let (result, cost) = try await computed(in: flight ?? Self.flight, compute)
            await store(key, result, cost, lookup?.lease, generation, on: channel)
            return result
        } catch {
            if let lease = lookup?.lease { await release(key, lease, on: channel) }
            throw error
        }
    }

    /// - Returns: `nil` if the daemon does not answer.
    private func lookUp(_ key: MemoizedKey, on channel: Channel?) async -> Lookup? {
        var options = GetOptions(meta: true)
        if channel != nil || self.options.stale != nil || self.options.early != nil {
            options.lease = Self.lease
        }
        options.early = self.options.early
        if channel != nil { options.wait = Self.wait }
        do throws(MemoError) {
            try await define()
            try await remove()
            let call = Call.get(cache.name, key.json, options)
            guard let channel else { return try await memo.perform(call) }
            while true {
                let asked = ContinuousClock.now
                let lookup = try await memo.perform(call, on: channel)
                // Told at once, it would be waiting for itself, and again and again: it computes instead.
                guard lookup.isHeld, lookup.value == nil, ContinuousClock.now - asked > Self.wait / 2 else {
                    return lookup
                }
            }
        } catch {
            // A request whose reply no one waits for any more may still be granted a lease: it ends with this.
            channel?.close()
            failed(error)
            return nil
        }
    }

    private func computed<Result: Sendable>(
        in flight: Flight?, _ compute: @Sendable () async throws -> Result
    ) async throws -> (result: Result, cost: Duration) {
        cache.count(isHit: false)
        return try await measured(in: flight, compute)
    }

    func measured<Result: Sendable>(
        in flight: Flight?, _ compute: @Sendable () async throws -> Result
    ) async throws -> (result: Result, cost: Duration) {
        let began = ContinuousClock.now
        let result = try await Self.$flight.withValue(flight) { try await compute() }
        return (result, ContinuousClock.now - began)
    }

    func store<Result: Codable & Sendable>(
        _ key: MemoizedKey, _ result: Result, _ cost: Duration, _ lease: String?, _ generation: UInt64,
        on channel: Channel?
    ) async {
        guard let json = RoundTrip.json(of: result, for: .value) else {
            if let lease { await release(key, lease, on: channel) }
            return
        }
        guard isAvailable else { return }
        // With the connection its leases have ended.
        let isLost = channel?.isClosed ?? false
        let (channel, lease) = isLost ? (nil, nil) : (channel, lease)
        let value = JSONText(json)
        let put = PutOptions(
            ttl: options.ttl.map { .lasting($0) }, stale: options.stale, cost: cost, tags: options.tags,
            lease: lease)
        let began = ContinuousClock.now
        do throws(MemoError) {
            let call = Call.put(cache.name, key.json, value, put)
            let outcome =
                if let channel { try await memo.perform(call, on: channel) } else {
                    try await memo.perform(call)
                }
            guard outcome == .stored else { return }
            let entry = LocalCache.Entry(
                value: result, cost: cost, expires: options.ttl.map { began + $0 },
                bytes: key.canonical.count + value.bytes.count)
            cache.keep(key.canonical, entry, generation: generation)
        } catch {
            failed(error)
        }
    }

    func keep(
        _ key: MemoizedKey, _ result: any Sendable, _ lookup: Lookup, _ bytes: Int,
        _ began: ContinuousClock.Instant, _ generation: UInt64
    ) {
        // Without the time that is left it cannot be known how long it may stay.
        guard lookup.reply["ttl_ms"] != nil else { return }
        let entry = LocalCache.Entry(
            value: result, cost: .milliseconds(lookup.reply.int("cost_ms") ?? 0),
            expires: lookup.reply.int("ttl_ms").map { began + .milliseconds($0) },
            bytes: key.canonical.count + bytes)
        cache.keep(key.canonical, entry, generation: generation)
    }

    private func release(_ key: MemoizedKey, _ lease: String, on channel: Channel?) async {
        let call = Call.release(cache.name, key.json, lease: lease)
        if let channel {
            _ = try? await memo.perform(call, on: channel)
        } else {
            _ = try? await memo.perform(call)
        }
    }

    func refresh<Result: Codable & Sendable>(
        _ key: MemoizedKey, _ compute: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let (result, cost) = try await computed(in: Self.flight, compute)
        await store(key, result, cost, nil, cache.forget(key.canonical), on: nil)
        memo.invalidations.replaced(cache, key.canonical)
        return result
    }

    func forget(_ key: MemoizedKey) async {
        state.withLock { $0.removals.add(key) }
        cache.forget(key.canonical)
        guard isAvailable else { return }
        do throws(MemoError) { try await remove() } catch { failed(error) }
        // What was on its way here meanwhile goes too.
        cache.forget(key.canonical)
    }

    /// Has the daemon remove what it was not told to yet.
    private func remove() async throws(MemoError) {
        guard let demand = state.withLock({ $0.removals.demand }) else { return }
        if demand.isAll { try await memo.clear(function: cache.name) }
        for key in demand.keys { try await memo.delete(cache.name, key) }
        state.withLock { $0.removals.done(demand) }
    }

    /// The function's settings, told once.
    private func define() async throws(MemoError) {
        guard !state.withLock({ $0.isDefined }) else { return }
        _ = try await memo.define(cache.name, profile)
        state.withLock { $0.isDefined = true }
    }

    private var profile: Profile {
        Profile(
            maxsize: options.maxsize.map { .entries(min(Int64($0), WireLimits.integer)) } ?? .unlimited,
            ttl: options.ttl.map { .lasting($0) } ?? .forever, stale: options.stale)
    }

    private var isAvailable: Bool {
        state.withLock { state in
            guard let until = state.pausedUntil else { return true }
            guard until <= .now else { return false }
            state.pausedUntil = nil
            return true
        }
    }

    private func failed(_ error: MemoError) {
        switch error.code {
        case .unreachable, .untrustedPeer, .timedOut, .malformedReply, .forbidden, .tooManyConnections:
            state.withLock { $0.pausedUntil = .now + Self.pause }
            memo.diagnostics.lost(error)
        case .badRequest, .badJSON, .invalidArgument, .tooLarge, .unknownOperation:
            memo.diagnostics.refused(cache.name, error)
        // The connection is made anew by the next request; the function's settings are still known.
        default: break
        }
    }

    /// For the synchronous calls: a connection for the moment.
    private var blocking: BlockingClient {
        BlockingClient(
            locations: memo.locations, name: nil, timeout: min(memo.timeout, .seconds(1)), autostart: false)
    }

    func info() -> CacheInfo {
        let counters = cache.counters
        let known = isAvailable ? try? blocking.info(cache.name) : nil
        return CacheInfo(
            hits: counters.hits, misses: counters.misses, maxsize: options.maxsize.map { Int64(max(0, $0)) },
            currsize: known?.currsize ?? Int64(counters.currsize))
    }

    func clear() {
        state.withLock { $0.removals.addAll() }
        cache.clear()
        if isAvailable, let demand = state.withLock({ $0.removals.demand }) {
            do throws(MemoError) {
                try blocking.clear(function: cache.name)
                state.withLock { $0.removals.done(demand) }
            } catch {
                failed(error)
            }
        }
        cache.clear()
    }
}
