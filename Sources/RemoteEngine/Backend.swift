internal import Logging
internal import NIOCore
internal import Platform
internal import RemoteLink
internal import RemoteTier

/// A namespace on its servers, as one memod uses it: the rules' requests in, their answers out.
final class Backend: @unchecked Sendable {  // Touched on its event loop only.
    private let hello: LinkRequest.Hello
    private let names: EntryNames
    private let envelope: Envelope
    private let router: Router
    private let connector: Connector
    private let raising: ScriptRunner
    private let releasing: ScriptRunner
    private let puts: PutWriter
    private let eventLoop: any EventLoop
    private let tell: (LinkReply) -> Void
    private let logger: Logger
    private var follower: LogFollower?
    private var told: LinkReply.State?
    /// Why the server takes no writes from us, once it said so.
    private var refusal: String?
    private var nextTick: Scheduled<Void>?
    private var ticked = NIODeadline.now()
    /// The last tick was a heartbeat.
    private var hasHeartbeat = false
    private var isStopped = false
    /// What memod wants to have read about once a second.
    private var watched: EpochWatch?

    /// How long a tombstone stays: twice the longest lease.
    private static let tombstoneMs = 2 * 3_600_000
    private static let tickInterval = TimeAmount.seconds(1)
    /// When there should have been a heartbeat.
    private static let heartbeatMax = TimeAmount.milliseconds(900)
    /// With a heartbeat the clock is hardly needed: memod says if one is late.
    private static let tickMax = TimeAmount.seconds(30)

    init(
        _ hello: LinkRequest.Hello, settings: ServerSettings, keys: SealingKeys?, eventLoop: any EventLoop,
        logger: Logger, tell: @escaping (LinkReply) -> Void
    ) {
        self.hello = hello
        self.eventLoop = eventLoop
        self.tell = tell
        self.logger = logger
        names = EntryNames(namespace: hello.namespace)
        envelope = Envelope(
            namespace: hello.namespace, keys: keys,
            valueMax: Int(min(hello.valueMax, UInt64(FrameBuffer.lengthMax))))
        connector = Connector(settings: settings, eventLoop: eventLoop)
        let router = Router(connector, home: names.epochs)
        self.router = router
        raising = ScriptRunner(Scripts.raise, router)
        releasing = ScriptRunner(Scripts.release, router)
        let refusals = Refusals()
        puts = PutWriter(
            names: names, envelope: envelope, script: ScriptRunner(Scripts.put, router),
            queueBytes: Int(min(hello.queueBytes, UInt64(Int.max))), eventLoop: eventLoop,
            isUp: { router.isUp }, takes: { router.takes($0) }, refused: { refusals.note($0) })
        puts.isReadOnly = hello.isReadOnly
        refusals.note = { [weak self] in self?.noteRefusal($0) }
        router.onChange = { [weak self] in self?.changed() }
    }

    private final class Refusals { var note: (RespError) -> Void = { _ in } }

    func start() {
        router.start()
        changed()
        tickLater()
    }

    func stop() {
        isStopped = true
        nextTick?.cancel()
        follower?.stop()
        router.stop()
    }

    // MARK: requests

    func perform(_ request: LinkRequest) {
        switch request {
        case .hello: break
        case .follow(let position): follow(after: position)
        case .lookup(let lookup): lookUp(lookup)
        case .put(let put): puts.add(put)
        case .epochs(let id, let fields):
            readEpochs(id, fields) { _ in }
            // memod asks because the heartbeat is late.
            if NIODeadline.now() - ticked > Self.heartbeatMax { tick(isHomeHeard: false) }
        case .watch(let id, let fields):
            watched = fields.isEmpty ? nil : EpochWatch(id: id, fields: fields, names: names)
            follower?.watch(watched)
        case .raise(let id, let raises): raise(id, raises)
        case .tombstone(let id, let function, let key, let generation):
            bury(id, function: function, key: key, generation)
        case .release(let function, let key, let lease):
            releasing.run(keys: [names.lease(function: function, key: key)], arguments: [lease.wire]) { _ in }
        case .ping(let id): ping(id)
        }
    }

    private func follow(after position: LogPosition?) {
        follower?.stop()
        let follower = LogFollower(
            names: names, connector: connector, router: router, after: position,
            tell: { [weak self] reply in
                if case .events(let events, _, _) = reply {
                    for event in events { self?.puts.forget(event.subject) }
                }
                self?.tell(reply)
            })
        follower.onChange = { [weak self] in self?.changed() }
        follower.onHeartbeat = { [weak self] in self?.tick(isHomeHeard: true) }
        follower.watch(watched)
        self.follower = follower
        follower.start()
    }

    private func lookUp(_ lookup: LinkRequest.Lookup) {
        guard !lookup.epochs.isEmpty else { return find(lookup) }
        // Epochs that are not known are read before the values that they decide on.
        readEpochs(lookup.id, lookup.epochs) { [self] isAnswered in
            if isAnswered { return find(lookup) }
            let gathering = Gathering(lookup, eventLoop, tell)
            for index in lookup.keys.indices { gathering.note(index, .failed(.unavailable)) }
        }
    }

    private func find(_ lookup: LinkRequest.Lookup) {
        let gathering = Gathering(lookup, eventLoop, tell)
        let names = names.values(function: lookup.function, keys: lookup.keys)
        if let lease = lookup.lease, let key = lookup.keys.first {
            // Before the value: a put that ended the last lease is seen then.
            let command = RespCommand(
                "SET", self.names.lease(function: lookup.function, key: key), lease.token.wire, "NX".wire,
                "PX".wire, lease.lifeMs.wire)
            router.read(names[0], command) { [self] in
                if case .success(.null) = $0 { tell(.taken(id: lookup.id)) }
            }
        }
        router.read(entries: names) { [self] index, value, life in
            gathering.note(
                index,
                finding(
                    value, life, function: lookup.function, key: lookup.keys[index], name: names[index]))
        }
    }

    private func finding(
        _ value: RedisReply, _ life: RedisReply, function: [UInt8], key: [UInt8], name: [UInt8]
    ) -> LinkReply.Finding {
        guard case .success(let value) = value, case .success(let life) = life else {
            if case .failure(.refused(let error)) = value { noteRefusal(error) }
            return .failed(.unavailable)
        }
        guard case .bulk(let bytes) = value else { return .miss(.none) }
        switch envelope.decode(bytes, function: function, key: key, name: name) {
        case nil: return .failed(.invalid)
        case .tombstone(let generation): return .miss(generation)
        case .value(var entry):
            let rest = life.integer ?? -2
            // Over between the two commands. Without an end it is none of ours.
            guard rest >= 0 else { return .miss(entry.generation) }
            if entry.ttlMs != nil { entry.ttlMs = max(0, rest - entry.graceMs) }
            entry.graceMs = min(entry.graceMs, rest)
            return .hit(entry)
        }
    }

    private func readEpochs(_ id: UInt64, _ fields: [EpochField], _ then: @escaping (Bool) -> Void) {
        let command = RespCommand(name: "HMGET", arguments: [names.epochs] + fields.map(\.bytes))
        router.write(names.epochs, command) { [self] reply in
            guard case .success(let value) = reply, let elements = value.elements,
                elements.count == fields.count
            else {
                if case .failure(.refused(let error)) = reply { noteRefusal(error) }
                tell(.failed(id: id, .unavailable))
                return then(false)
            }
            tell(.epochs(id: id, elements.map(\.epoch)))
            then(true)
        }
    }

    private func raise(_ id: UInt64, _ raises: [LinkRequest.Raise]) {
        guard !hello.isReadOnly else { return tell(.failed(id: id, .readOnly)) }
        let pairs = raises.flatMap { [$0.field.bytes, $0.least.wire] }
        raising.run(keys: [names.epochs, names.log], arguments: [instance] + pairs) { [self] reply in
            guard case .success(let value) = reply,
                let epochs = value.elements?.map(\.epoch),
                epochs.count == raises.count, !epochs.contains(0)
            else { return tell(.failed(id: id, failure(reply))) }
            for (raise, epoch) in zip(raises, epochs) { puts.forget(.raised(raise.field, epoch)) }
            tell(.epochs(id: id, epochs))
        }
    }

    private func bury(_ id: UInt64, function: [UInt8], key: [UInt8], _ generation: Generation) {
        guard !hello.isReadOnly else { return tell(.failed(id: id, .readOnly)) }
        puts.forget(.deleted(function: function, key: key))
        let name = names.value(function: function, key: key)
        let command = RespCommand(
            "SET", name, Envelope.tombstone(generation), "PX".wire, Self.tombstoneMs.wire)
        router.write(name, command) { [self] reply in
            guard case .success = reply else { return tell(.failed(id: id, failure(reply))) }
            let line = RespCommand(
                "XADD", names.log, "MAXLEN".wire, "~".wire, Scripts.logLinesMax.wire, "*".wire, "d".wire,
                function,
                "k".wire, key, "by".wire, instance)
            router.write(names.log, line) { [self] reply in
                guard case .success = reply else { return tell(.failed(id: id, failure(reply))) }
                tell(.deleted(id: id))
            }
        }
    }

    private func ping(_ id: UInt64) {
        let sent = BootClock.nowNs
        router.read(names.epochs, RespCommand("PING")) { [self] reply in
            guard case .success = reply else { return tell(.failed(id: id, .unavailable)) }
            tell(.pong(id: id, microseconds: (BootClock.nowNs - sent) / 1000))
        }
    }

    private var instance: [UInt8] { String(hello.instance, radix: 16).wire }

    // MARK: the state

    private func failure(_ reply: RedisReply) -> LinkReply.Failure {
        guard case .failure(.refused(let error)) = reply else { return .unavailable }
        noteRefusal(error)
        return refusal == nil ? .unavailable : .readOnly
    }

    /// The server does not let us do something: said once.
    private func noteRefusal(_ error: RespError) {
        switch error.code {
        case "NOPERM":
            guard refusal == nil else { return }
            refusal = "the server refuses writes to this user: \(error)"
            puts.isReadOnly = true
            logger.warning("read-only from now on", metadata: ["reason": "\(error)"])
            changed()
        case "READONLY", "MASTERDOWN", "CLUSTERDOWN", "LOADING", "OOM", "BUSY", "TRYAGAIN": break
        default: logger.warning("the server refused a command", metadata: ["reason": "\(error)"])
        }
    }

    private func changed() {
        // May call this again.
        follower?.serversChanged()
        let isUp = router.isUp && follower?.isUp == true
        if !isUp, hasHeartbeat {
            hasHeartbeat = false
            tickLater()
        }
        let state = LinkReply.State(
            phase: isUp ? .up : .down, isReadOnly: hello.isReadOnly || refusal != nil,
            reason: refusal ?? (router.isUp ? follower?.reason ?? "" : router.reason),
            nodes: router.servers.map {
                .init(
                    address: "\($0.place)", isUp: $0.isUp,
                    roundTripMicroseconds: UInt64(max(0, $0.roundTripMicroseconds)))
            })
        // The first state is that nothing is connected yet.
        if let told, told.phase != state.phase || (!isUp && told.reason != state.reason) {
            logger.log(
                level: isUp ? .info : .warning, isUp ? "connected" : "no connection",
                metadata: [
                    "servers": "\(state.nodes.map(\.address).joined(separator: " "))",
                    "reason": "\(state.reason)",
                ])
        }
        if told != state {
            told = state
            tell(.state(state))
        }
        puts.pump(anew: true)
    }

    private func tickLater() {
        nextTick?.cancel()
        guard !isStopped else { return }
        let time = hasHeartbeat ? Self.tickMax : Self.tickInterval
        nextTick = eventLoop.assumeIsolated().scheduleTask(in: time) { [weak self] in
            self?.tick(isHomeHeard: false)
        }
    }

    /// With every heartbeat of the log's connection, which wakes this process anyway; by the clock if there is none.
    private func tick(isHomeHeard: Bool) {
        ticked = .now()
        hasHeartbeat = isHomeHeard
        tickLater()
        if !isHomeHeard { follower?.noticeSilence() }
        router.tick(isHomeHeard: isHomeHeard)
        let counts = puts.takeCounts()
        if counts != LinkReply.Counts() { tell(.counts(counts)) }
        changed()
    }
}

/// Gathers the findings of a look-up, which come from several servers in any order, and tells of some at once.
private final class Gathering {
    private let id: UInt64
    private var rest: Int
    private let tell: (LinkReply) -> Void
    private var found: [LinkReply.Found] = []
    private var bytes = 0
    private let eventLoop: any EventLoop
    private var isFlushScheduled = false

    /// What is told at once: much would be looked at late.
    private static let atOnce = 64
    private static let bytesAtOnce = 64 << 10

    init(
        _ lookup: LinkRequest.Lookup, _ eventLoop: any EventLoop, _ tell: @escaping (LinkReply) -> Void
    ) {
        self.eventLoop = eventLoop
        id = lookup.id
        rest = lookup.keys.count
        self.tell = tell
    }

    func note(_ index: Int, _ finding: LinkReply.Finding) {
        rest -= 1
        found.append(.init(UInt64(index), finding))
        bytes += found[found.count - 1].size
        if rest == 0 || found.count >= Self.atOnce || bytes >= Self.bytesAtOnce { return flush() }
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        // Another server may not answer at all.
        eventLoop.assumeIsolated().execute { [self] in
            isFlushScheduled = false
            if !found.isEmpty { flush() }
        }
    }

    private func flush() {
        bytes = 0
        tell(.found(id: id, exchange(&found, with: []), isLast: rest == 0))
    }
}
