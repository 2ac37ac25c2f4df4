internal import Glibc
internal import Logging
internal import MemoStore
internal import MemoWire
internal import Platform
internal import Synchronization

/// Serves the connections it owns, on a thread of its own, with epoll: for each that is readable
/// one read and one parse, and then for all together one execution of the requests that are whole and a write each.
///
/// `@unchecked Sendable` because everything is touched only by the loop's own thread once `run` was called; others
/// have its `LoopPort`.
final class EventLoop: @unchecked Sendable {
    static let mailboxToken = UInt64.max
    static let listenerToken = UInt64.max - 1
    /// What the executor has watched.
    static let executorToken = UInt64.max - 2

    let port: LoopPort
    let limits: Limits
    let lineLimit: Int
    let quotas: Quotas
    let executor: any RequestExecutor
    let logger: Logger
    let epoll: Epoll
    let watermark = CommitWatermark()
    let workers: WorkerPool
    // One thread touches what follows: overlapping accesses are not looked for at run time.
    @exclusivity(unchecked) var pool: BufferPool
    @exclusivity(unchecked) var pagePipe = PagePipe()
    @exclusivity(unchecked) var connections: ConnectionTable
    @exclusivity(unchecked) var deadlines = DeadlineHeap()
    /// Batches of this turn that are executed together, held by their connections, and how many requests they have.
    @exclusivity(unchecked) var gathered: GatheredBatches
    @exclusivity(unchecked) var spareBatches: [RequestBatch] = []
    /// Connections with replies that wait for a commit.
    @exclusivity(unchecked) var gated: [Connection] = []
    /// Milliseconds of `CLOCK_BOOTTIME` when the turn began.
    @exclusivity(unchecked) var now = BootClock.nowMs
    /// Connections with more whole lines than one batch takes, and those whose share of a turn is over.
    @exclusivity(unchecked) var ready: [Connection] = []
    /// Events for subscribers that they were not given yet.
    @exclusivity(unchecked) private var subscribersMail: [(id: ConnectionID, line: [UInt8])] = []
    /// The first of them that was not given.
    @exclusivity(unchecked) private var nextEvent = 0
    /// Closed, while a worker reads a line of theirs.
    @exclusivity(unchecked) var leaving: [Connection] = []
    /// In the loop that accepts.
    @exclusivity(unchecked) var acceptor: Acceptor?
    /// In the first loop: those that it tells to drain when it has accepted the last connection for them.
    @exclusivity(unchecked) var followers: [LoopPort] = []
    @exclusivity(unchecked) private var mail = Mailbox.Mail()
    @exclusivity(unchecked) private var polling: PollingPolicy
    @exclusivity(unchecked) private(set) var drainDeadline: Int64?

    init(
        port: LoopPort, limits: Limits, lineLimit: Int, quotas: Quotas, executor: any RequestExecutor,
        workers: WorkerPool, polling: PollingPolicy, logger: Logger
    ) throws(SystemError) {
        self.workers = workers
        self.port = port
        self.polling = polling
        self.limits = limits
        self.lineLimit = lineLimit
        self.quotas = quotas
        self.executor = executor
        self.logger = logger
        epoll = try Epoll(eventsPerTurn: limits.eventsPerTurn)
        pool = BufferPool(
            bufferBytes: limits.readBytes, limit: limits.pooledBuffers, counters: port.poolCounters)
        connections = ConnectionTable(loop: port.index)
        gathered = GatheredBatches(capacity: limits.batchesAtOnce, requestsMax: limits.requestsAtOnce)
        try epoll.add(port.mailbox.descriptor, .read, token: Self.mailboxToken)
    }

    /// Serves until a drain is over.
    func run() {
        var events = 0
        while true {
            let mayLetSleep = ready.isEmpty && subscribersMail.isEmpty
            let hadMail = port.mailbox.take(into: &mail, sleeping: mayLetSleep)
            if hadMail { deliver() }
            if !subscribersMail.isEmpty { deliverEvents() }
            if !ready.isEmpty { serveReady() }
            if let drainDeadline, connections.count == 0 || now >= drainDeadline { break }
            let found = hadMail || !mayLetSleep ? epoll.wait(timeoutMs: 0) : waitForEvents(after: events)
            // Who was told something by another thread asks again as one does who was answered at once.
            if found > 0 || !hadMail { events = found }
            now = BootClock.nowMs
            for position in 0..<found {
                let (token, interest) = epoll[position]
                switch token {
                case Self.mailboxToken: port.mailbox.acknowledgeWakeUp()
                case Self.listenerToken: accept()
                case Self.executorToken: executor.receive()
                default:
                    connections.reference(ConnectionID(rawValue: token))?._withUnsafeGuaranteedRef {
                        handle(interest, for: $0)
                    }
                }
            }
            executeGathered()
            expireDeadlines()
            connections.releaseRemoved()
        }
        for connection in connections.all { close(connection) }
        connections.releaseRemoved()
    }

    func watch(_ descriptor: Int32) throws(SystemError) {
        try epoll.add(descriptor, .read, token: Self.executorToken)
    }

    private func waitForEvents(after events: Int) -> Int {
        let polls = polling.polls(after: events)
        for _ in 0..<polls {
            let events = epoll.wait(timeoutMs: 0)
            if events > 0 { return events }
        }
        if polls > 0 { polling.wasInVain() }
        return epoll.wait(timeoutMs: timeoutMs())
    }

    private func timeoutMs() -> Int32 {
        var earliest = deadlines.earliest
        for other in [drainDeadline, acceptor?.pausedUntil, acceptor?.refused.first?.until] {
            if let other { earliest = min(earliest ?? other, other) }
        }
        guard let earliest else { return -1 }
        return Int32(min(max(0, earliest - now), limits.sleepMs))
    }

    private func expireDeadlines() {
        if let until = acceptor?.pausedUntil, until <= now { resumeAccepting() }
        if acceptor?.refused.isEmpty == false { acceptor?.endRefusals(now) }
        while let slot = deadlines.popExpired(now) {
            guard let connection = connections[slot: slot] else { continue }
            connection.armedDeadline = nil
            if let stall = connection.stallDeadline, stall <= now {
                quotas.countStalled()
                logger.notice(
                    "disconnected a client that does not read", metadata: ["uid": "\(connection.uid)"])
                close(connection)
                continue
            }
            if let deadline = connection.deadline, deadline <= now { connection.deadline = nil }
            proceed(connection)
        }
    }

    private func serveReady() {
        let turn = ready
        ready = []
        let end = BootClock.nowNs + limits.dearTurnNs
        for (position, connection) in turn.enumerated() {
            // The others' turn comes after those that are readable now.
            if position > 0, BootClock.nowNs >= end {
                ready = Array(turn[position...]) + ready
                return
            }
            if connection.session.takeSend() { flush(connection) }
            switch connection.session.takeTurn(connection.pending) {
            case .nothing: break
            case .proceed: proceed(connection)
            case .read:
                read(connection)
                executeGathered()
            case .reconcile: reconcile(connection)
            }
        }
    }

    // MARK: mail

    private func deliver() {
        for result in mail.commits { open(result) }
        for socket in mail.sockets { adopt(socket) }
        for id in mail.lost { connections[id]?.session.loseEvents() }
        for event in mail.events {
            if subscribersMail.count - nextEvent < limits.mailboxEvents {
                subscribersMail.append(event)
            } else {
                connections[event.id]?.session.loseEvents()
            }
        }
        for (id, message) in mail.messages {
            guard let connection = connections[id] else {
                if case .parsed = message { release(id) }
                continue
            }
            switch message {
            case .resume(let object):
                guard connection.session.requests != .none else { break }
                // Another reason to go on does not take away what was read.
                if let object { connection.resumption = object }
                if connection.isDear { list(connection) } else { resume(connection) }
            case .parsed: finishReading(connection)
            case .append: break
            }
        }
        executeGathered()
        for id in mail.lost {
            if let connection = connections[id] { proceed(connection) }
        }
        if let rules = mail.rules { acceptor?.control.rules = rules }
        if let deadline = mail.drainDeadline { drain(deadline) }
        if mail.heartbeat > 0 { port.heartbeat.store(mail.heartbeat, ordering: .relaxed) }
        mail.clear()
    }

    /// Opens the gates that a commit decides.
    private func open(_ result: CommitResult) {
        watermark.through = max(watermark.through, result.through)
        let waiting = gated
        gated = []
        for connection in waiting {
            connection.isListedAsGated = false
            guard !connection.session.isClosed else { continue }
            let before = connection.replies.output.count
            connection.replies.open(result)
            // All gates are before it, and errors have another length.
            connection.attachment?.position += connection.replies.output.count - before
            listIfGated(connection)
            flush(connection)
            proceed(connection)
        }
    }

    func listIfGated(_ connection: Connection) {
        guard connection.replies.gateCount > 0, !connection.isListedAsGated else { return }
        connection.isListedAsGated = true
        gated.append(connection)
    }

    /// Gives subscribers some of their events: others are not to wait for all of them.
    private func deliverEvents() {
        let end = BootClock.nowNs + limits.eventTurnNs
        var next = nextEvent
        repeat {
            let some = next..<min(next + Self.eventsAtOnce, subscribersMail.count)
            next = some.upperBound
            var told: [Connection] = []
            for position in some {
                let (id, line) = subscribersMail[position]
                guard let connection = connections[id], append(line, to: connection) else { continue }
                if told.last !== connection { told.append(connection) }
            }
            for connection in told {
                flush(connection)
                proceed(connection)
            }
        } while next < subscribersMail.count && BootClock.nowNs < end
        if next == subscribersMail.count || next > limits.mailboxEvents / 2 {
            subscribersMail.removeFirst(next)
            next = 0
        }
        nextEvent = next
    }

    /// Events that are written before it is seen how long it took.
    private static let eventsAtOnce = 32

    /// - Returns: whether there is something to be sent or told.
    private func append(_ event: [UInt8], to connection: Connection) -> Bool {
        guard connection.session.input == .open, !connection.isPeerGone else { return false }
        let unsent = connection.replies.output.count
        let hasRoom = unsent < limits.eventHighWater && connection.mayOwe(unsent)
        if connection.session.offersEvent(hasRoom: hasRoom) {
            ensureOutput(connection)
            event.withUnsafeBytes { connection.replies.output.append($0) }
        }
        return true
    }

    // MARK: the end

    /// Takes no more requests: what was sent is read and answered, as after a half-close by each peer.
    private func drain(_ deadline: Int64) {
        guard drainDeadline == nil else { return }
        drainDeadline = deadline
        stopAccepting()
        for port in followers { port.mailbox.send { $0.drainDeadline = deadline } }
        for connection in connections.all {
            stopReceiving(connection)
            proceed(connection)
        }
    }
}
