internal import NIOCore
internal import Platform
internal import RemoteLink
internal import RemoteTier

/// Reads a namespace's log on a connection of its own, which also shows that the server lives.
final class LogFollower: @unchecked Sendable {  // Touched on its event loop only.
    private let names: EntryNames
    private let connector: Connector
    private let router: Router
    private let tell: (LinkReply) -> Void
    private let eventLoop: any EventLoop
    private var connection: RedisConnection?
    private var place: ServerAddress.Place?
    private var isConnecting = false
    private var position: LogPosition?
    private(set) var isUp = false
    private(set) var reason = "not connected yet"
    private var isStopped = false
    private var backoff = Backoff()
    private var retry: Scheduled<Void>?
    /// The epochs that are read with each heartbeat, and when they were read last, in ms since boot.
    private var watched: EpochWatch?
    private var readAt: Int64 = 0
    /// They were read before they had to be: there is much in the log.
    private var isHurried = false
    /// Called when it comes up or goes down.
    var onChange: (() -> Void)?
    /// Called when the server has said how the epochs are.
    var onHeartbeat: (() -> Void)?

    /// How long the server lets a read of the log wait, which it ends up to a tenth of a second late. An answer, even of nothing,
    /// is a sign of life.
    private static let blockMs: Int64 = 900
    /// Epochs are read no sooner after they were read early.
    private static let readPauseMs: Int64 = 500
    /// Without one for so long the connection is given up.
    private static let silenceMs: Int64 = 2500
    private static let silence = TimeAmount.milliseconds(silenceMs)
    private static let linesAtOnce = 1000

    /// - Parameter position: behind which line; `nil`: the last one there is.
    init(
        names: EntryNames, connector: Connector, router: Router, after position: LogPosition?,
        tell: @escaping (LinkReply) -> Void
    ) {
        self.names = names
        self.connector = connector
        self.position = position
        self.router = router
        self.tell = tell
        eventLoop = connector.eventLoop
    }

    func start() { connect() }

    func stop() {
        isStopped = true
        retry?.cancel()
        connection?.close("stopped")
        connection = nil
    }

    /// Servers came or went: the one with the log may be there now, or be another one.
    func serversChanged() {
        if router.takeLoss() { return leave("a server was replaced, or started anew") }
        if isUp, let now = router.place(of: names.log), now != place {
            return leave("another server has the log now")
        }
        if retry == nil { connect() }
    }

    private func connect() {
        // Without a server there is nothing to try: `serversChanged` is called as soon as there is one.
        guard !isStopped, !isConnecting, connection == nil, let place = router.place(of: names.log) else {
            return
        }
        isConnecting = true
        self.place = place
        connector.connect(to: place).whenComplete { [self] result in
            isConnecting = false
            switch result {
            case .failure(let error): failed(Reason.text(error))
            case .success(let connection):
                guard !isStopped else { return connection.close("stopped") }
                self.connection = connection
                connection.onClose = { [weak self, weak connection] reason in
                    guard let self, self.connection === connection else { return }
                    self.connection = nil
                    failed(reason)
                }
                identify(connection)
            }
        }
    }

    /// Gives the connection up at once: nothing that is answered from now on counts before the log was read again.
    private func leave(_ why: String) {
        guard let connection else { return }
        self.connection = nil
        connection.close(why)
        failed(why)
    }

    private func failed(_ why: String) {
        guard !isStopped else { return }
        isUp = false
        reason = why
        // The log may have moved, and without it nothing else asks where.
        router.refresh()
        retry?.cancel()
        retry = eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(backoff.next())) { [weak self] in
            self?.retry = nil
            self?.connect()
        }
        onChange?()
    }

    private func identify(_ connection: RedisConnection) {
        tell(.identity(router.noteIdentity()))
        connection.send(RespCommand("XINFO", "STREAM".wire, names.log)) { [self] reply in
            switch reply {
            case .success(let info): begin(connection, info)
            case .failure(.refused(let error)) where error.message.contains("no such key"):
                begin(connection, nil)
            case .failure(.refused(let error)): connection.close("its log cannot be read: \(error)")
            case .failure(.unavailable): break
            }
        }
    }

    /// - Parameter info: what the server says of the stream; `nil`: there is none.
    private func begin(_ connection: RedisConnection, _ info: RespValue?) {
        func id(_ name: String) -> LogPosition? {
            info?.member(name)?.bytes.flatMap { LogPosition(String(decoding: $0, as: UTF8.self)) }
        }
        let last = id("last-generated-id") ?? .start
        let first = info?.member("first-entry")?.elements?.first?.bytes
            .flatMap { LogPosition(String(decoding: $0, as: UTF8.self)) }
        let length = info?.member("length")?.integer ?? 0
        let added = info?.member("entries-added")?.integer
        switch position {
        case nil: position = last
        case let known?:
            let isCut = added.map { $0 > length } ?? true
            let isBehindFirst = first.map { known < $0 } ?? (known < last)
            // Of a log that was not cut the line that was read last is there, or it is another log.
            if last < known || (isBehindFirst && (isCut || known != .start)) {
                tell(.gap)
                position = last
            }
        }
        backoff.reset()
        isUp = true
        reason = ""
        onChange?()
        read(connection, isBlocking: false)
    }

    private func read(_ connection: RedisConnection, isBlocking: Bool) {
        let due = isBlocking ? due : nil
        var arguments = ["COUNT".wire, Self.linesAtOnce.wire]
        if isBlocking { arguments += ["BLOCK".wire, blockMs(readsEpochs: due != nil).wire] }
        arguments += ["STREAMS".wire, names.log, (position ?? .start).description.wire]
        let asked = BootClock.nowMs
        var mayWait = true
        connection.send(RespCommand(name: "XREAD", arguments: arguments)) { [self] reply in
            // This process, or the machine, stood still: lines may have been cut meanwhile.
            if BootClock.nowMs - asked > Self.silenceMs {
                return connection.close("nothing was heard for too long")
            }
            switch reply {
            case .failure(.refused(let error)): connection.close("its log cannot be read: \(error)")
            case .failure(.unavailable): break
            case .success(let streams):
                let lines = streams.pairs?.first?.value.elements ?? []
                let events = lines.compactMap { event($0) }
                let isCaughtUp = lines.count < Self.linesAtOnce
                tell(.events(events, through: position ?? .start, isCaughtUp: isCaughtUp))
                mayWait = isCaughtUp
                if due == nil { read(connection, isBlocking: isCaughtUp) }
            }
        }
        guard let due else { return }
        // The server executes it when it has answered the other, so that both answers come at once.
        connection.send(due.command) { [self] reply in
            if case .failure(.unavailable) = reply { return }
            read(due, reply)
            if self.connection === connection { read(connection, isBlocking: mayWait) }
        }
    }

    // MARK: epochs

    /// Reads these with each heartbeat from now on.
    func watch(_ watched: EpochWatch?) {
        self.watched = watched
        isHurried = false
        readAt = BootClock.nowMs
    }

    /// What is to be read behind what is read of the log now.
    private var due: EpochWatch? {
        isHurried && BootClock.nowMs - readAt < Self.readPauseMs ? nil : watched
    }

    private func blockMs(readsEpochs: Bool) -> Int64 {
        guard watched != nil else { return Self.blockMs }
        let pause = readsEpochs ? Self.blockMs : Self.readPauseMs
        return max(1, min(Self.blockMs, readAt + pause - BootClock.nowMs))
    }

    private func read(_ due: EpochWatch, _ reply: RedisReply) {
        let now = BootClock.nowMs
        isHurried = now - readAt < Self.readPauseMs
        readAt = now
        // Others may be wanted by now.
        guard watched?.id == due.id, let answer = due.answer(reply) else { return }
        tell(answer)
        onHeartbeat?()
    }

    /// Gives the connection up if it says nothing. Called while there is no heartbeat.
    func noticeSilence() {
        guard let oldest = connection?.oldest, .now() - oldest > Self.silence else { return }
        connection?.close("it does not answer")
    }

    /// - Returns: `nil` for a line that says nothing to us; the position moves on in any case.
    private func event(_ line: RespValue) -> LogEvent? {
        guard let parts = line.elements, parts.count == 2,
            let id = parts[0].bytes.flatMap({ LogPosition(String(decoding: $0, as: UTF8.self)) })
        else { return nil }
        position = id
        let fields = parts[1]
        let instance = fields.member("by")?.bytes.flatMap {
            UInt64(String(decoding: $0, as: UTF8.self), radix: 16)
        }
        if let name = fields.member("e")?.bytes, let field = EpochField(name),
            let epoch = fields.member("v")?.bytes.flatMap({ UInt64(String(decoding: $0, as: UTF8.self)) })
        {
            return LogEvent(.raised(field, epoch), instance: instance ?? 0)
        }
        if let function = fields.member("d")?.bytes, let key = fields.member("k")?.bytes {
            return LogEvent(.deleted(function: function, key: key), instance: instance ?? 0)
        }
        return nil
    }
}
