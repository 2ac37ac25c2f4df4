internal import MemoWire
internal import Platform
internal import Synchronization

/// Keeps the results at hand fresh: hears on a connection of its own what happens to the entries of memoized
/// functions elsewhere, and tells the daemon of hits served here.
final class InvalidationListener: Sendable {
    private struct State {
        var caches: [FunctionCache] = []
        var isRunning = false
        var isClosed = false
    }

    private static let pollInterval: Duration = .milliseconds(100)
    private static let reportInterval: Duration = .milliseconds(500)
    private static let retries: [Duration] = [.milliseconds(50), .milliseconds(200), .seconds(1)]

    private let state = Mutex(State())
    private let path: String?
    private let name: String
    private let timeout: Duration
    private let autostart: Bool

    init(path: String?, name: String, timeout: Duration, autostart: Bool) {
        self.autostart = autostart
        self.path = path
        self.name = name
        self.timeout = timeout
    }

    /// Events of the cache's function arrive soon, and from then on it is fresh.
    func add(_ cache: FunctionCache) {
        // A name that the daemon refuses would keep the others from their events.
        guard (1...WireLimits.functionBytes).contains(cache.name.utf8.count) else { return }
        let isStarting = state.withLock { state in
            state.caches.append(cache)
            defer { state.isRunning = true }
            return !state.isRunning && !state.isClosed
        }
        // Without a thread no cache ever becomes fresh, and every call asks the daemon.
        if isStarting {
            ExitReports.add(self)
            try? Thread.detach(blocksSignals: true) { [self] in run() }
        }
    }

    /// A result was replaced here, of which no event tells: others that go by the same name forget it.
    func replaced(_ cache: FunctionCache, _ key: [UInt8]) {
        let others = state.withLock { $0.caches.filter { $0 !== cache && $0.name == cache.name } }
        for other in others { other.forget(key) }
    }

    /// Tells the daemon of the last hits and ends.
    func close() {
        let caches = state.withLock { state in
            state.isClosed = true
            return state.caches
        }
        guard !caches.isEmpty else { return }
        report(caches, to: BlockingClient(path: path, timeout: min(timeout, .seconds(1))))
    }

    /// Tells the daemon of hits that it has not heard of.
    private func report(_ caches: [FunctionCache], to client: BlockingClient) {
        dropRetired()
        for cache in caches {
            guard let unreported = cache.takeUnreported() else { continue }
            do throws(MemoError) {
                // An older daemon does not take what was verified.
                let verification =
                    unreported.verification.verified > 0 ? try client.has(.verify) : false
                try client.perform(
                    .report(
                        cache.name, hits: unreported.hits, saved: unreported.saved,
                        verification: verification ? unreported.verification : nil))
            } catch {
                cache.putBack(unreported)
                return
            }
        }
    }

    /// The thread.
    private func run() {
        let client = BlockingClient(path: path, name: name, timeout: timeout, autostart: autostart)
        var failures = 0
        while open() != nil {
            do throws(MemoError) {
                try follow(client) { failures = 0 }
            } catch {
                leave()
                client.close()
                WakeUp().wait(
                    with: -1, wantsToSend: false, timeout: Self.retries[min(failures, Self.retries.count - 1)]
                )
                failures += 1
            }
        }
        leave()
    }

    /// Events no longer arrive.
    private func leave() {
        dropRetired()
        for cache in state.withLock({ $0.caches }) { cache.setFresh(false) }
    }

    /// Programs may memoize a function again and again.
    private func dropRetired() {
        state.withLock { $0.caches.removeAll(where: \.isRetired) }
    }

    private func open() -> [FunctionCache]? {
        state.withLock { $0.isClosed ? nil : $0.caches }
    }

    private func follow(_ client: BlockingClient, _ succeeded: () -> Void) throws(MemoError) {
        var reported = ContinuousClock.now
        var subscribed: Set<String> = []
        while let caches = open() {
            for cache in caches where !cache.isFresh {
                if !subscribed.contains(cache.name) { try client.subscribe(function: cache.name) }
                subscribed.insert(cache.name)
                cache.setFresh(true)
                succeeded()
            }
            if let event = try client.nextEvent(timeout: Self.pollInterval) { take(event, caches) }
            if ContinuousClock.now - reported >= Self.reportInterval {
                report(caches, to: client)
                reported = .now
            }
        }
    }

    private func take(_ event: Event, _ caches: [FunctionCache]) {
        switch event.kind {
        case .lost: for cache in caches { cache.forget(nil) }
        // What this process stored itself it has at hand already.
        case .put where event.client == name: break
        case .put, .delete, .clear:
            for cache in caches where cache.name == event.function {
                cache.forget(event.key.flatMap { CanonicalForm.bytes(of: $0) })
            }
        }
    }
}
