internal import Glibc
package import Logging
package import MemoStore
internal import Platform
internal import Synchronization

/// The event loops: what the rest of the daemon sends to connections, and how it starts and ends them.
package final class EventLoops: Sendable {
    /// Figures for `stats`. Totals count from the start.
    package struct Statistics: Sendable, Equatable {
        package var connections: Int
        package var accepted: Int
        package var refusedTooMany: Int
        package var refusedForbidden: Int
        /// Disconnected because they did not read what they had asked for.
        package var stalled: Int
        /// Memory of unfinished lines and of unsent replies beyond small ones, in bytes.
        package var heldInputBytes: Int
        package var heldOutputBytes: Int
        /// Pooled buffers.
        package var idleBuffers: Int
        package var buffersInUse: Int
        package var poolBytes: Int
        /// How often the pool was empty.
        package var poolMisses: Int
    }

    /// Replies from which on the connections left of a turn wait until these are sent.
    var replyBytesAtOnce: Int { limits.replyBytesAtOnce }
    private let ports: [LoopPort]
    private let quotas: Quotas
    private let limits: Limits
    private let lineLimit: Int
    private let logger: Logger
    private let threads = Lock<[Thread]>([])
    /// For what takes long.
    let workers: WorkerPool

    /// - Parameters:
    ///   - count: of loops, each of which becomes a thread.
    ///   - lineLimit: the longest request line in bytes.
    ///   - limitsUsers: whether one user who is no administrator may have only a share of the whole.
    /// - Throws: if the kernel has no descriptors or memory.
    package convenience init(
        count: Int, maxConnections: Int, lineLimit: Int, limitsUsers: Bool, limits: Limits = Limits(),
        logger: Logger
    ) throws {
        try self.init(
            ports: (0..<count).map { try LoopPort(index: $0, limits: limits) },
            quotas: Quotas(maxConnections: maxConnections, limits: limits, limitsUsers: limitsUsers),
            limits: limits, lineLimit: lineLimit, logger: logger)
    }

    private init(ports: [LoopPort], quotas: Quotas, limits: Limits, lineLimit: Int, logger: Logger) {
        self.ports = ports
        self.quotas = quotas
        self.limits = limits
        self.lineLimit = lineLimit
        self.logger = logger
        workers = WorkerPool(threads: limits.workers)
    }

    // MARK: from any thread

    /// Sends a message to a connection; it goes nowhere if the connection is gone.
    package func post(_ id: ConnectionID, _ message: LoopMessage) {
        ports[id.loop].mailbox.post(id, message)
    }

    /// Sends messages to several connections; one loop is woken once.
    func post(_ messages: [(id: ConnectionID, message: LoopMessage)]) {
        for port in ports {
            let own = messages.filter { $0.id.loop == port.index }
            if !own.isEmpty { port.mailbox.send { $0.messages += own } }
        }
    }

    /// Says what became of all writes up to `sequence`: replies that waited for it are sent, or become errors.
    /// - Parameter failedFrom: the first sequence number that failed.
    package func committed(_ sequence: UInt64, failedFrom: UInt64? = nil) {
        for port in ports { port.mailbox.post(CommitResult(through: sequence, failedFrom: failedFrom)) }
    }

    /// How many connections a user has, and may have.
    func connections(of user: UInt32) -> (count: Int, limit: Int) { quotas.connections(of: user) }

    package var statistics: Statistics {
        let figures = quotas.figures
        let idle = ports.reduce(0) { $0 + $1.poolCounters.idle.load(ordering: .relaxed) }
        let inUse = ports.reduce(0) { $0 + $1.poolCounters.inUse.load(ordering: .relaxed) }
        return Statistics(
            connections: figures.connections, accepted: figures.accepted,
            refusedTooMany: figures.refusedTooMany, refusedForbidden: figures.refusedForbidden,
            stalled: figures.stalled, heldInputBytes: figures.heldInputBytes,
            heldOutputBytes: figures.heldOutputBytes, idleBuffers: idle, buffersInUse: inUse,
            poolBytes: (idle + inUse) * limits.readBytes,
            poolMisses: ports.reduce(0) { $0 + $1.poolCounters.misses.load(ordering: .relaxed) })
    }

    // MARK: life

    /// Starts the loops' threads, the first of which accepts from `listener`, a listening socket that must stay
    /// open until `join` has returned.
    func start(
        executor: any RequestExecutor, listener: Int32?, isInherited: Bool = false, rules: AccessRules
    ) throws {
        let polling = PollingPolicy(processors: Processors.count, loops: ports.count)
        let loops = try ports.map { port throws(SystemError) in
            try EventLoop(
                port: port, limits: limits, lineLimit: lineLimit, quotas: quotas, executor: executor,
                workers: workers, polling: polling, logger: logger)
        }
        loops.first?.followers = Array(ports.dropFirst())
        if let readiness = executor.readiness { try loops.first?.watch(readiness) }
        if let listener, let first = loops.first {
            try first.startAccepting(
                Acceptor(
                    descriptor: listener, isInherited: isInherited, control: AccessControl(rules: rules),
                    ports: ports))
        }
        let started = try loops.enumerated().map { index, loop throws(SystemError) in
            try Thread(name: "memod-loop-\(index)") { loop.run() }
        }
        threads.withLock { $0 = started }
    }

    /// Gives a connected socket to a loop.
    func adopt(_ socket: AcceptedSocket, loop: Int = 0) -> Bool {
        guard quotas.admit(user: socket.peer.user, isAdministrator: socket.isAdministrator) else {
            return false
        }
        ports[loop].mailbox.send { $0.sockets.append(socket) }
        return true
    }

    func reload(rules: AccessRules, maxConnections: Int) {
        quotas.maxConnections = maxConnections
        ports.first?.mailbox.send { $0.rules = rules }
    }

    /// Stops accepting; the loops answer what was sent to them and end, at the latest at `deadline`, in
    /// milliseconds of `CLOCK_BOOTTIME`.
    func drain(deadline: Int64) {
        ports.first?.mailbox.send { $0.drainDeadline = deadline }
    }

    /// Waits for the end of the loops' threads.
    func join() {
        for thread in threads.withLock({ $0 }) { thread.join() }
    }

    /// Asks every loop to answer with this number.
    func send(heartbeat: UInt64) {
        for port in ports { port.mailbox.send { $0.heartbeat = heartbeat } }
    }

    /// The number that every loop has answered.
    var lastHeartbeat: UInt64 { ports.map { $0.heartbeat.load(ordering: .relaxed) }.min() ?? 0 }
}
