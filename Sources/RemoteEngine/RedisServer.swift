internal import NIOCore
internal import Platform
internal import RemoteLink
internal import RemoteTier

/// One server: a connection for look-ups and one for everything that changes something, a gate before a server that does not
/// answer, and a breaker behind one that answers late. What waits here before it is sent counts for neither.
final class RedisServer: @unchecked Sendable {  // Touched on its event loop only.
    let place: ServerAddress.Place
    private let connector: Connector
    private let eventLoop: any EventLoop
    private(set) var reads: RedisConnection?
    private(set) var writes: RedisConnection?
    /// Why it is not up.
    private(set) var reason = "not connected yet"
    /// What it calls its run, and how often it was emptied, from the first connection on; empty if it does not say.
    private(set) var run: [UInt8]?
    /// Whether an attempt to connect has ended, in one way or the other.
    private(set) var wasTried = false
    /// Whether it counts as down if it is a replica.
    private var mustBePrimary: Bool
    /// Of the last look-ups.
    private(set) var roundTripMicroseconds: Int64 = 0
    private var lastMeasured = NIODeadline.uptimeNanoseconds(0)
    private var isStopped = false
    private var isConnecting = false
    private var backoff = Backoff()
    private var retry: Scheduled<Void>?
    private var isWatched = false
    private var breaker = Breaker()
    private let stall: TimeAmount
    /// Called when it comes up or goes down, or could not be reached again.
    var onChange: (() -> Void)?

    /// How long a measured round trip says enough of a server that is otherwise known to be there.
    private static let measurementLife = TimeAmount.seconds(30)
    /// How many entries count as one look-up.
    private static let entriesAtOnce = 64
    private static let watchInterval = TimeAmount.milliseconds(250)

    init(place: ServerAddress.Place, connector: Connector, mustBePrimary: Bool) {
        self.place = place
        self.connector = connector
        self.mustBePrimary = mustBePrimary
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
        guard let reads, !breaker.isOpen else { return false }
        guard let oldest = reads.oldest else { return true }
        return NIODeadline.now() - oldest <= stall
    }

    /// A look-up: fails at once if the server does not answer.
    /// - Parameter isAsking: the key is one that this server is about to get.
    func read(_ command: RespCommand, isAsking: Bool = false, _ reply: @escaping (RedisReply) -> Void) {
        guard takesLookups, let reads else {
            return eventLoop.assumeIsolated().execute { reply(.failure(.unavailable)) }
        }
        if isAsking { reads.send(RespCommand("ASKING")) { _ in } }
        let sent = NIODeadline.now()
        reads.send(command) { [self] answer in
            if case .success = answer { measured(NIODeadline.now() - sent) }
            reply(answer)
        }
        watch()
    }

    /// Two of them that are answered together.
    func read(
        _ first: RespCommand, _ second: RespCommand, isAsking: Bool,
        _ reply: @escaping (RedisReply, RedisReply) -> Void
    ) {
        guard takesLookups, let reads else {
            return eventLoop.assumeIsolated().execute {
                reply(.failure(.unavailable), .failure(.unavailable))
            }
        }
        let sent = NIODeadline.now()
        func answered(_ first: RedisReply, _ second: RedisReply) {
            if case .success = second { measured(NIODeadline.now() - sent) }
            reply(first, second)
        }
        if isAsking {
            // Each needs to be announced.
            var answer: RedisReply = .failure(.unavailable)
            reads.send(RespCommand("ASKING")) { _ in }
            reads.send(first) { answer = $0 }
            reads.send(RespCommand("ASKING")) { _ in }
            reads.send(second) { answered(answer, $0) }
        } else {
            reads.send(first, second, answered)
        }
        watch()
    }

    /// Asks for entries, and for the time that each has left.
    /// - Parameter reply: called once for each, by its place.
    func read(entries names: [[UInt8]], _ reply: @escaping (Int, RedisReply, RedisReply) -> Void) {
        guard takesLookups, let reads else {
            return eventLoop.assumeIsolated().execute {
                for index in names.indices { reply(index, .failure(.unavailable), .failure(.unavailable)) }
            }
        }
        let sent = NIODeadline.now()
        for start in stride(from: 0, to: names.count, by: Self.entriesAtOnce) {
            let piece = names[start..<min(start + Self.entriesAtOnce, names.count)]
            reads.send(entries: piece) { [self] place, first, second in
                if place == piece.count - 1, case .success = second {
                    measured(NIODeadline.now() - sent, keys: piece.count)
                }
                reply(start + place, first, second)
            }
        }
        watch()
    }

    func write(_ command: RespCommand, isAsking: Bool = false, _ reply: @escaping (RedisReply) -> Void) {
        guard let writes else {
            return eventLoop.assumeIsolated().execute { reply(.failure(.unavailable)) }
        }
        if isAsking { writes.send(RespCommand("ASKING")) { _ in } }
        writes.send(command, reply)
        watch()
    }

    /// Whether no round trip was measured for long.
    var isMeasurementOld: Bool { NIODeadline.now() - lastMeasured > Self.measurementLife }

    /// Measures a round trip when no look-up does.
    func probe() {
        guard let reads, reads.oldest == nil else { return }
        read(RespCommand("PING")) { _ in }
    }

    private func measured(_ time: TimeAmount, keys: Int = 1) {
        lastMeasured = .now()
        let microseconds = time.nanoseconds / 1000
        roundTripMicroseconds =
            roundTripMicroseconds == 0 ? microseconds : (roundTripMicroseconds * 7 + microseconds) / 8
        if let pause = breaker.note(isLate: time > stall, nowMs: BootClock.nowMs, keys: keys) {
            test(after: pause)
        }
    }

    /// Looks whether a server that was late is in time again. No one waits for that.
    private func test(after pauseMs: Int64) {
        eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(pauseMs)) { [weak self] in
            guard let self, let reads else { return }
            let sent = NIODeadline.now()
            reads.send(RespCommand("PING")) { [weak self] _ in
                guard let self, self.reads === reads else { return }
                let isLate = NIODeadline.now() - sent > stall
                if let pause = breaker.probed(isLate: isLate, nowMs: BootClock.nowMs) { test(after: pause) }
            }
            watch()
        }
    }

    // MARK: connections

    private func connect() {
        guard !isStopped, !isConnecting else { return }
        isConnecting = true
        let (connector, place) = (connector, place)
        connector.connect(to: place).flatMap { first in
            connector.connect(to: place).map { (first, $0) }.flatMapErrorThrowing { error in
                first.close("the other connection failed")
                throw error
            }
        }.whenComplete { [self] result in
            switch result {
            case .success((let first, let second)):
                guard !isStopped, !first.isClosed, !second.isClosed else {
                    first.close("not both connections")
                    second.close("not both connections")
                    return failed("it closed the connection")
                }
                identify(first, second)
            case .failure(let error): failed(Reason.text(error))
            }
        }
    }

    /// Asks which run of which server this is, before it is used.
    private func identify(_ first: RedisConnection, _ second: RedisConnection) {
        func end(_ why: String) {
            first.onClose = nil
            second.onClose = nil
            first.close(why)
            second.close(why)
            failed(why)
        }
        first.onClose = end
        second.onClose = end
        let timeout = eventLoop.assumeIsolated().scheduleTask(in: Connector.patience) {
            second.close("it did not answer in time")
        }
        var run: [UInt8] = []
        second.send(RespCommand("INFO", "server".wire)) { reply in
            run = Self.field("run_id", of: reply) ?? []
        }
        second.send(RespCommand("INFO", "commandstats".wire)) { reply in run = Self.run(run, reply) }
        second.send(RespCommand("INFO", "replication".wire)) { [self] reply in
            timeout.cancel()
            if case .failure(.unavailable) = reply { return }
            if mustBePrimary, Self.field("role", of: reply) == "slave".wire {
                return end("it is a replica, and takes no writes")
            }
            use(first, second, run)
        }
    }

    /// Looks whether it was emptied. Of a cluster's nodes that do not have the log nothing else tells.
    func lookForLoss() {
        guard let writes else { return }
        write(RespCommand("INFO", "commandstats".wire)) { [weak self] reply in
            guard let self, self.writes === writes, case .success = reply, let before = run else { return }
            let now = Self.run(Array(before.prefix { $0 != UInt8(ascii: " ") }), reply)
            guard now != before else { return }
            run = now
            onChange?()
        }
    }

    /// - Parameter statistics: of its commands.
    private static func run(_ name: [UInt8], _ statistics: RedisReply) -> [UInt8] {
        guard !name.isEmpty else { return [] }
        return ["flushall", "flushdb"].reduce(name) { run, command in
            let calls = field("cmdstat_\(command)", of: statistics)?.prefix { $0 != UInt8(ascii: ",") }
            return run + " ".wire + Array(calls ?? [])
        }
    }

    private static func field(_ name: String, of reply: RedisReply) -> [UInt8]? {
        guard case .success(let text) = reply, let bytes = text.bytes else { return nil }
        let line = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
            .first { $0.hasPrefix(name + ":") }
        return line.map { Array($0.dropFirst(name.count + 1).utf8) }
    }

    private func use(_ first: RedisConnection, _ second: RedisConnection, _ run: [UInt8]) {
        guard !isStopped else {
            first.close("stopped")
            second.close("stopped")
            return
        }
        isConnecting = false
        wasTried = true
        first.onClose = { [weak self] in self?.lost($0) }
        second.onClose = { [weak self] in self?.lost($0) }
        reads = first
        writes = second
        self.run = run
        backoff.reset()
        breaker = Breaker()
        reason = ""
        onChange?()
    }

    /// It said that it is a replica: names may lead to the primary soon.
    func requirePrimary() {
        mustBePrimary = true
        lost("it is a replica, and takes no writes")
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
        isConnecting = false
        wasTried = true
        reason = why
        retry?.cancel()
        retry = eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(backoff.next())) { [weak self] in
            self?.connect()
        }
        onChange?()
    }

    /// Looks after commands that are not answered, as long as there are any.
    private func watch() {
        guard !isWatched else { return }
        isWatched = true
        eventLoop.assumeIsolated().scheduleTask(in: Self.watchInterval) { [weak self] in
            guard let self else { return }
            isWatched = false
            for connection in [reads, writes].compactMap({ $0 }) where connection.isSilent {
                return lost("it does not answer")
            }
            if reads?.oldest != nil || writes?.oldest != nil { watch() }
        }
    }
}
