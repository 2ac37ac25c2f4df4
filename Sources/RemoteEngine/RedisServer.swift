internal import NIOCore
internal import RemoteLink
internal import RemoteTier

/// One server: a connection for look-ups and one for everything that changes something, a gate before a server that does not
/// answer, and a breaker behind one that answers badly. What waits here before it is sent counts for neither.
final class RedisServer: @unchecked Sendable {  // Touched on its event loop only.
    let place: ServerAddress.Place
    private let connector: Connector
    private let eventLoop: any EventLoop
    private(set) var reads: RedisConnection?
    private(set) var writes: RedisConnection?
    /// Why it is not up.
    private(set) var reason = "not connected yet"
    /// Of the last look-ups.
    private(set) var roundTripMicroseconds: Int64 = 0
    private var isStopped = false
    private var isConnecting = false
    private var backoffMs = RedisServer.backoffFirstMs
    private var retry: Scheduled<Void>?
    private var isWatched = false
    private var breaker = Breaker()
    private let stall: TimeAmount
    /// Called when it comes up or goes down.
    var onChange: (() -> Void)?

    private static let backoffFirstMs: Int64 = 100
    private static let backoffMaxMs: Int64 = 2000
    /// A server that answers nothing for so long is given up.
    private static let silence = TimeAmount.seconds(1)
    private static let watchInterval = TimeAmount.milliseconds(250)

    init(place: ServerAddress.Place, connector: Connector) {
        self.place = place
        self.connector = connector
        eventLoop = connector.eventLoop
        stall = .milliseconds(connector.settings.budgetMs)
    }

    var isUp: Bool { reads != nil && writes != nil }

    func start() { connect() }

    func stop() {
        isStopped = true
        retry?.cancel()
        reads?.close("stopped")
        writes?.close("stopped")
        reads = nil
        writes = nil
    }

    // MARK: commands

    /// Whether a look-up would be answered in time, as far as can be known.
    var takesLookups: Bool {
        guard let reads, !breaker.isOpen(.now()) else { return false }
        guard let oldest = reads.oldest else { return true }
        return NIODeadline.now() - oldest <= stall
    }

    /// A look-up: fails at once where the server does not answer.
    func read(_ command: RespCommand, _ reply: @escaping (RedisReply) -> Void) {
        guard takesLookups, let reads else { return fail(reply) }
        let sent = NIODeadline.now()
        reads.send(command) { [self] answer in
            if case .success = answer { measured(NIODeadline.now() - sent) }
            reply(answer)
        }
        watch()
    }

    func write(_ command: RespCommand, _ reply: @escaping (RedisReply) -> Void) {
        guard let writes else { return fail(reply) }
        writes.send(command, reply)
        watch()
    }

    /// Measures a round trip where no look-up does.
    func probe() {
        guard let reads, reads.oldest == nil else { return }
        read(RespCommand("PING")) { _ in }
    }

    private func fail(_ reply: @escaping (RedisReply) -> Void) {
        eventLoop.assumeIsolated().execute { reply(.failure(.unavailable)) }
    }

    private func measured(_ time: TimeAmount) {
        let microseconds = time.nanoseconds / 1000
        roundTripMicroseconds =
            roundTripMicroseconds == 0 ? microseconds : (roundTripMicroseconds * 7 + microseconds) / 8
        breaker.note(isLate: time > stall, .now())
    }

    // MARK: connections

    private func connect() {
        guard !isStopped, !isConnecting else { return }
        isConnecting = true
        let connections = connector.connect(to: place).and(connector.connect(to: place))
        connections.whenComplete { [self] result in
            isConnecting = false
            switch result {
            case .success((let first, let second)):
                guard !isStopped else {
                    first.close("stopped")
                    second.close("stopped")
                    return
                }
                // One may have closed while the other was still connecting.
                guard !first.isClosed, !second.isClosed else {
                    first.close("not both connections")
                    second.close("not both connections")
                    return failed("it closed the connection")
                }
                first.onClose = { [weak self] in self?.lost($0) }
                second.onClose = { [weak self] in self?.lost($0) }
                reads = first
                writes = second
                backoffMs = Self.backoffFirstMs
                breaker = Breaker()
                reason = ""
                onChange?()
            case .failure(let error): failed(Reason.text(error))
            }
        }
    }

    private func lost(_ why: String) {
        guard reads != nil || writes != nil else { return }
        let connections = (reads, writes)
        reads = nil
        writes = nil
        connections.0?.close(why)
        connections.1?.close(why)
        failed(why)
    }

    private func failed(_ why: String) {
        guard !isStopped else { return }
        reason = why
        let jitter = Int64.random(in: 0...backoffMs / 2)
        retry?.cancel()
        retry = eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(backoffMs + jitter)) {
            [weak self] in
            self?.connect()
        }
        backoffMs = min(backoffMs * 2, Self.backoffMaxMs)
        onChange?()
    }

    /// Looks after commands that are not answered, as long as there are any.
    private func watch() {
        guard !isWatched else { return }
        isWatched = true
        eventLoop.assumeIsolated().scheduleTask(in: Self.watchInterval) { [weak self] in
            guard let self else { return }
            isWatched = false
            let now = NIODeadline.now()
            for connection in [reads, writes].compactMap({ $0 }) {
                if let oldest = connection.oldest, now - oldest > Self.silence {
                    return lost("it does not answer")
                }
            }
            if reads?.oldest != nil || writes?.oldest != nil { watch() }
        }
    }
}
