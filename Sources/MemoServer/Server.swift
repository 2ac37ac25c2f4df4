internal import Glibc
internal import Logging
internal import MemoWire
internal import Platform

/// The daemon's life: it listens, serves, takes signals, and drains.
public struct Server {
    /// Why the daemon could not start or did not end well; the reason is for people.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String

        public init(_ description: String) {
            self.description = description
        }
    }

    private let readConfiguration: ConfigurationReader
    private let environment: [String: String]
    private let limits: Limits
    private let threshold: StandardErrorLogHandler.Threshold
    private let logger: Logger
    private var configuration: ServerConfiguration

    /// How long the main thread sleeps between two beats at most.
    private static let heartbeatMs: Int64 = 10_000

    /// Reads the configuration from where it comes from; called again on SIGHUP.
    public typealias ConfigurationReader = () throws -> ServerConfiguration

    /// - Parameters:
    ///   - environment: the process's environment.
    ///   - read: reads the configuration.
    /// - Throws: what `read` throws.
    public init(environment: [String: String], read: @escaping ConfigurationReader) throws {
        readConfiguration = read
        self.environment = environment
        configuration = try read()
        var limits = Limits()
        // A line of the longest kind must find room whatever `max-line` is.
        limits.heldInputBytes = max(limits.heldInputBytes, 4 * configuration.maxLineBytes)
        self.limits = limits
        let threshold = StandardErrorLogHandler.Threshold(configuration.logLevel)
        let handler = StandardErrorLogHandler(
            threshold: threshold, journalStream: environment["JOURNAL_STREAM"])
        self.threshold = threshold
        logger = Logger(label: "memod") { _ in handler }
    }

    /// Serves until SIGTERM or SIGINT, then drains. Called once, before the process has other threads.
    /// - Throws: `ListenerError`, `Failure`, and what the store throws.
    public mutating func run() throws {
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
        let loops = try EventLoops(
            count: configuration.ioThreads, maxConnections: configuration.maxConnections,
            lineLimit: configuration.maxLineBytes, limitsUsers: configuration.isolation == .user,
            limits: limits,
            logger: logger)
        let dispatcher = try Dispatcher(configuration: configuration, loops: loops, logger: logger)
        try loops.start(
            executor: dispatcher, listener: listener.descriptor, isInherited: listener.isInherited,
            rules: configuration.access)

        logger.info(
            "ready", metadata: ["socket": "\(listener.name)", "database": "\(configuration.databasePath)"])
        notifier?.send("READY=1\nSTATUS=ready on \(listener.name)")
        let signal = live(signals, notifier, loops, dispatcher)

        logger.info("draining", metadata: ["signal": "\(signal == SIGINT ? "SIGINT" : "SIGTERM")"])
        notifier?.send("STOPPING=1\nSTATUS=draining")
        dispatcher.drain()
        loops.drain(deadline: BootClock.nowMs + limits.drainMs)
        loops.join()
        try dispatcher.close()
        logger.info("stopped")
    }

    /// Feeds the watchdog and reloads, until it is time to stop.
    /// - Returns: the signal that said so.
    private mutating func live(
        _ signals: borrowing SignalQueue, _ notifier: ServiceNotifier?, _ loops: EventLoops,
        _ dispatcher: Dispatcher
    ) -> Int32 {
        // Twice within the time that the manager allows, as it recommends.
        let interval = notifier?.watchdogMs.map { min(max(1, $0 / 2), Self.heartbeatMs) }
        var heartbeat: UInt64 = 1
        loops.send(heartbeat: heartbeat)
        while true {
            let signal = signals.next(timeoutMs: interval.map { Int32($0) } ?? -1)
            switch signal {
            case SIGHUP: reload(notifier, loops, dispatcher)
            case nil:
                // A loop or the writer that hangs starves the watchdog.
                guard loops.lastHeartbeat == heartbeat, dispatcher.isProgressing else { break }
                notifier?.send("WATCHDOG=1")
                heartbeat += 1
                loops.send(heartbeat: heartbeat)
            case let signal?: return signal
            }
        }
    }

    /// Takes on what a running daemon can; keeps everything where the new configuration has an error.
    private mutating func reload(_ notifier: ServiceNotifier?, _ loops: EventLoops, _ dispatcher: Dispatcher)
    {
        notifier?.sendReloading()
        defer { notifier?.send("READY=1") }
        do {
            let fresh = try readConfiguration()
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
