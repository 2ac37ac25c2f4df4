internal import Glibc
internal import Logging
internal import MemoStore
internal import MemoWire
internal import Platform
internal import Synchronization

/// Executes requests against the store: a batch under one acquisition of its lock.
package final class Dispatcher: RequestExecutor {
    let store: Store
    let loops: EventLoops
    let settings: Settings
    let subscriptions: SubscriptionTable
    let latencies = LatencyTable()
    let backups = BackupRunner()
    let began = BootClock.nowMs
    /// Of this start: what cursors of `keys` say holds only for it, and regions that it publishes are known by it.
    let instance: String
    let cursorSecret = (UInt64.random(in: 0 ... .max), UInt64.random(in: 0 ... .max))
    private let isDraining = Atomic(false)
    /// To the helper that reaches other machines, if there is one.
    let remoteLink: RemoteLinkThread?
    /// How long a request waits for other machines.
    let remoteBudgetMs: Int64
    /// As it is after reloads.
    let configuration: Lock<ServerConfiguration>

    struct Settings: Sendable {
        var isolatesUsers: Bool
        /// Patterns of functions that all users share.
        var shared: [String]
        var maxLineBytes: Int
    }

    /// Opens the store.
    /// - Throws: `ColdError` if the database cannot be used.
    init(configuration: ServerConfiguration, loops: EventLoops, logger: Logger) throws {
        self.loops = loops
        let subscriptions = SubscriptionTable()
        self.subscriptions = subscriptions
        settings = Settings(
            isolatesUsers: configuration.isolation == .user, shared: configuration.sharedPatterns,
            maxLineBytes: configuration.maxLineBytes)
        self.configuration = Lock(configuration)
        remoteBudgetMs = configuration.remote.budgetMs
        var store = StoreConfiguration(databasePath: configuration.databasePath)
        store.hotBytes = configuration.hotBytes
        store.coldBytes = configuration.coldBytes
        store.durability = configuration.durability == .full ? .full : .normal
        store.flushIntervalMs = configuration.flushIntervalMs
        store.interning = configuration.interning
        store.sharedBytes = configuration.sharedBytes
        store.isolatesOwners = settings.isolatesUsers
        let log: @Sendable (Bool, String) -> Void = { isSerious, message in
            logger.log(level: isSerious ? .error : .notice, "\(message)")
        }
        self.store = try Store(store, log: log)
        instance = self.store.regionInstance ?? String(UInt64.random(in: 1 << 60 ... .max), radix: 16)
        let remote = configuration.remote
        if let helper = remote.helper {
            self.store.perform { $0.startRemote(remote.store) }
            remoteLink = try RemoteLinkThread(helper, store: self.store, logger: logger) {
                notices, areSomeLost in
                subscriptions.publish(notices, areSomeLost: areSomeLost, through: loops)
            }
        } else {
            remoteLink = nil
        }
        try self.store.start(
            StoreEvents(
                wake: { for id in $0 { loops.post(id, .resume(nil)) } },
                committed: { loops.committed($0) },
                failed: { sequence, _ in loops.committed(sequence, failedFrom: 0) },
                read: { replies in loops.post(replies.map { ($0.connection, .resume($0)) }) },
                remote: { [remoteLink] in remoteLink?.notify() }, log: log))
        try remoteLink?.start()
    }

    /// Whether the writer makes progress.
    var isProgressing: Bool { store.isProgressing(withinMs: 30_000) }

    /// Commits everything and closes the database.
    func close() throws {
        remoteLink?.end()
        try store.close()
    }

    /// Takes on what can be changed while it runs.
    func reload(_ configuration: ServerConfiguration) {
        let before = self.configuration.withLock { exchange(&$0, with: configuration) }
        // Who may connect no more reads no more either.
        if before.access != configuration.access { store.perform { $0.retireRegions() } }
        store.setBudgets(hotBytes: configuration.hotBytes, coldBytes: configuration.coldBytes)
    }

    /// From now on nothing waits for leases.
    func drain() { isDraining.store(true, ordering: .releasing) }

    var drains: Bool { isDraining.load(ordering: .acquiring) }

    // MARK: the ends of connections

    package func inputEnded(_ connection: Connection) {
        guard let state = connection.stateIfAny, state.hasLeases else { return }
        store.perform { $0.inputEnded(connection.id) }
    }

    package var readiness: Int32? { remoteLink?.readiness }

    package func receive() { remoteLink?.receive() }

    package func closed(_ connection: Connection) {
        guard let state = connection.stateIfAny else { return }
        if state.isSubscribed { subscriptions.remove(connection.id) }
        store.perform { core in
            core.release(state.loadedRows)
            core.connectionClosed(connection.id)
        }
        connection.dispatchState = nil
    }
}
