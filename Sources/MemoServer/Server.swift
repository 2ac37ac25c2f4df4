internal import Glibc
internal import Logging
internal import MemoStore
internal import MemoWire
internal import Platform

/// The daemon's life: it listens, serves, takes signals, and drains.
package struct Server {
    /// Why the daemon could not start or did not end well; the reason is for people.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        package init(_ description: String) {
            self.description = description
        }
    }

    private let readConfiguration: ConfigurationReader
    private let environment: [String: String]
    private let limits: Limits
    private let threshold: StandardErrorLogHandler.Threshold
    private let logger: Logger
    private var configuration: ServerConfiguration

    /// How long the main thread sleeps between two heartbeats at most.
    private static let heartbeatMs: Int64 = 10_000

    /// Reads the configuration from where it comes from; called again on SIGHUP.
    package typealias ConfigurationReader = () throws(ConfigurationError) -> ServerConfiguration

    /// - Parameters:
    ///   - environment: the process's environment.
    ///   - read: reads the configuration.
    /// - Throws: what `read` throws.
    package init(environment: [String: String], read: @escaping ConfigurationReader)
        throws(ConfigurationError)
    {
        readConfiguration = read
        self.environment = environment
        configuration = try read()
        var limits = Limits()
        // A line of the longest kind must find room whatever `max-line` is.
        limits.heldInputBytes = max(limits.heldInputBytes, 4 * configuration.maxLineBytes)
        self.limits = limits
        let threshold = StandardErrorLogHandler.Threshold(configuration.logLevel)
        let handler = StandardErrorLogHandler(
            threshold: threshold, journalStream: environment["JOURNAL_STREAM"],
            isBounded: environment[DatabaseFallback.variable] == "1")
        self.threshold = threshold
        logger = Logger(label: "memod") { _ in handler }
    }

    /// Serves until SIGTERM or SIGINT, then drains. Called once, before the process has other threads.
    /// - Throws: `ListenerError`, `Failure`, and what the store throws.
    package mutating func run() throws {
        Allocator.keepLargeBlocks()
        let signals = try SignalQueue()
        let descriptors = DescriptorLimit.raise()
        if descriptors < configuration.maxConnections + DescriptorLimit.reserve {
            logger.warning(
                "the system grants fewer descriptors than max-connections may need",
                metadata: [
                    "descriptors": "\(descriptors)", "max-connections": "\(configuration.maxConnections)",
                ])
        }
        for (name, meant) in UnknownVariables.find(in: environment) {
            logger.warning(
                "an environment variable that means nothing to memod",
                metadata: ["variable": "\(name)"].merging(meant.map { ["meant": "\($0)"] } ?? [:]) { $1 })
        }
        let notifier = ServiceNotifier(environment: environment)
        let listener = try Listener.open(configuration, environment: environment, limits: limits)
        defer { listener.remove() }
        if listener.isInherited {
            configuration.socketPath = listener.name
            configuration.origins[.socket] = .inherited
        }
        let loops = try EventLoops(
            count: configuration.ioThreads, maxConnections: configuration.maxConnections,
            lineLimit: configuration.maxLineBytes, limitsUsers: configuration.isolation == .user,
            limits: limits,
            logger: logger)
        let dispatcher = try openDispatcher(loops)
        try loops.start(
            executor: dispatcher, listener: listener.descriptor, isInherited: listener.isInherited,
            rules: configuration.access)

        logger.info(
            "ready", metadata: ["socket": "\(listener.name)", "database": "\(configuration.databasePath)"])
        notifier?.send("READY=1\nSTATUS=ready on \(listener.name)")
        let reason = live(signals, notifier, loops, dispatcher)

        logger.info("draining", metadata: ["reason": "\(reason)"])
        notifier?.send("STOPPING=1\nSTATUS=draining")
        dispatcher.drain()
        loops.drain(deadline: BootClock.nowMs + limits.drainMs)
        loops.join()
        try dispatcher.close()
        logger.info("stopped")
    }

    /// Opens the store: where a client started the daemon, at another place if it must.
    private mutating func openDispatcher(_ loops: EventLoops) throws -> Dispatcher {
        while true {
            do {
                return try Dispatcher(configuration: configuration, loops: loops, logger: logger)
            } catch let error as ColdError {
                let path = configuration.databasePath
                guard environment[DatabaseFallback.variable] == "1",
                    configuration.origins[.database] == .builtIn,
                    let other = try DatabaseFallback.path(after: error, from: path), other != path
                else { throw error }
                configuration.databasePath = other
                // Said once: later starts find it there.
                logger.log(
                    level: access(other, F_OK) == 0 ? .info : .notice,
                    "the database is kept at \(other): \(error.message)")
            }
        }
    }

    /// Feeds the watchdog and reloads, until it is time to stop.
    /// - Returns: why it is.
    private mutating func live(
        _ signals: borrowing SignalQueue, _ notifier: ServiceNotifier?, _ loops: EventLoops,
        _ dispatcher: Dispatcher
    ) -> String {
        var idle = IdleExit(limitMs: configuration.idleExitMs, now: BootClock.nowMs)
        // Twice within the time that the manager allows, as it recommends.
        let interval = notifier?.watchdogMs.map { min(max(1, $0 / 2), Self.heartbeatMs) }
        var heartbeat: UInt64 = 1
        loops.send(heartbeat: heartbeat)
        while true {
            let pause = [interval, idle.pauseMs].compactMap { $0 }.min()
            let signal = signals.next(timeoutMs: pause.map { Int32($0) } ?? -1)
            switch signal {
            case SIGHUP:
                reload(notifier, loops, dispatcher)
                idle.limitMs = configuration.idleExitMs
            case SIGUSR1: idle.isRetiring = true
            case nil:
                // A loop or the writer that hangs starves the watchdog.
                guard loops.lastHeartbeat == heartbeat, dispatcher.isProgressing else { break }
                notifier?.send("WATCHDOG=1")
                heartbeat += 1
                loops.send(heartbeat: heartbeat)
            case let signal?: return signal == SIGINT ? "SIGINT" : "SIGTERM"
            }
            let connections = loops.statistics
            if idle.check(
                connections: connections.connections, accepted: connections.accepted, now: BootClock.nowMs)
            {
                return "no one is connected"
            }
        }
    }

    /// Takes on what a running daemon can; keeps everything where the new configuration has an error.
    private mutating func reload(_ notifier: ServiceNotifier?, _ loops: EventLoops, _ dispatcher: Dispatcher)
    {
        notifier?.sendReloading()
        defer { notifier?.send("READY=1") }
        do {
            var fresh = try readConfiguration()
            // What is, and not what would be without the service manager or at another place.
            if configuration.origins[.socket] == .inherited { fresh.socketPath = configuration.socketPath }
            if configuration.origins[.database] == .builtIn {
                fresh.databasePath = configuration.databasePath
            }
            let changes = configuration.changes(to: fresh)
            for change in changes {
                logger.info(
                    change.name.isReloadable ? "reloaded" : "takes effect at the next start",
                    metadata: [change.name.rawValue: "\(change.value)"])
            }
            if changes.isEmpty { logger.info("reloaded; nothing has changed") }
            configuration.adoptReloadable(from: fresh)
            threshold.level = configuration.logLevel
            loops.reload(rules: configuration.access, maxConnections: configuration.maxConnections)
            dispatcher.reload(configuration)
        } catch {
            logger.error("not reloaded: \(error)")
        }
    }
}
