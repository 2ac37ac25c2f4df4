internal import Glibc
internal import Logging
internal import MemoStore
internal import MemoWire
internal import Platform
internal import Synchronization

/// Executes requests against the store: a batch under one acquisition of its lock.
public final class Dispatcher: RequestExecutor {
    let store: Store
    let loops: EventLoops
    let settings: Settings
    let subscriptions = SubscriptionTable()
    let latencies = LatencyTable()
    let backups = BackupRunner()
    let began = BootClock.nowMs
    /// Of this start: what cursors of `keys` say holds for it alone.
    let instance = String(UInt64.random(in: 1 << 60 ... .max), radix: 16)
    private let cursorSecret = (UInt64.random(in: 0 ... .max), UInt64.random(in: 0 ... .max))
    private let isDraining = Atomic(false)
    /// As it is after reloads.
    let configuration: Mutex<ServerConfiguration>

    struct Settings: Sendable {
        var isolatesUsers: Bool
        /// Patterns of functions that all users share.
        var shared: [String]
        var maxLineBytes: Int
    }

    /// Opens the store.
    /// - Throws: `ColdError` where the database cannot be used.
    init(configuration: ServerConfiguration, loops: EventLoops, logger: Logger) throws {
        self.loops = loops
        settings = Settings(
            isolatesUsers: configuration.isolation == .user, shared: configuration.sharedPatterns,
            maxLineBytes: configuration.maxLineBytes)
        self.configuration = Mutex(configuration)
        var store = StoreConfiguration(databasePath: configuration.databasePath)
        store.hotBytes = configuration.hotBytes
        store.coldBytes = configuration.coldBytes
        store.durability = configuration.durability == .full ? .full : .normal
        store.flushIntervalMs = configuration.flushIntervalMs
        store.interning = configuration.interning
        let log: @Sendable (Bool, String) -> Void = { isSerious, message in
            logger.log(level: isSerious ? .error : .notice, "\(message)")
        }
        self.store = try Store(store, log: log)
        try self.store.start(
            StoreEvents(
                wake: { for id in $0 { loops.post(ConnectionID(rawValue: id), .resume(nil)) } },
                committed: { loops.committed($0) },
                failed: { sequence, _ in loops.committed(sequence, failedFrom: 0) },
                read: { [store = self.store] in
                    loops.post(
                        $0.map { (ConnectionID(rawValue: $0.0), .resume(ColdReadResult($0.1, store: store))) }
                    )
                },
                log: log))
    }

    /// Whether the writer makes progress.
    var isProgressing: Bool { store.isProgressing(withinMs: 30_000) }

    /// Commits everything and closes the database.
    func close() throws { try store.close() }

    /// Takes on what can be changed while it runs.
    func reload(_ configuration: ServerConfiguration) {
        self.configuration.withLock { $0 = configuration }
        store.setBudgets(hotBytes: configuration.hotBytes, coldBytes: configuration.coldBytes)
    }

    /// From now on nothing waits for leases.
    func drain() { isDraining.store(true, ordering: .releasing) }

    /// What became of a request: answered, or to be executed again.
    enum Step { case done, suspended }

    /// What a request needs at hand while the lock is held.
    struct Context {
        let connection: Connection
        /// Where the request's reply begins.
        var replyStart = 0
        /// What is to be read from disk before the request can go on.
        var reading: Reading?
        var loadedRows: [LoadedRow] = []
        /// The suspended request only looks at what was read.
        var isPeeking = false
        /// Why the rows that were asked for could not be read, if so.
        var readFailure: String?
    }

    public func execute(_ batches: UnsafeBufferPointer<Unmanaged<RequestBatch>>) -> Int {
        var began = latencies.begin()
        var waiting: [Waiting] = []
        var executed = 0
        store.perform { core in
            prepare(&core, batches)
            var replyBytes = 0
            repeat {
                batches[executed]._withUnsafeGuaranteedRef { batch in
                    batch.owner._withUnsafeGuaranteedRef { connection in
                        execute(&core, batch, connection, &began, &waiting)
                        replyBytes += connection.output.count
                    }
                }
                executed += 1
            } while executed < batches.count && replyBytes < loops.replyBytesAtOnce
        }
        if !waiting.isEmpty { executeReading(&waiting, &began) }
        return executed
    }

    /// Executes a batch as far as it goes.
    /// - Parameter waiting: takes note of those that wait for the disk.
    @inline(__always)
    func execute(
        _ core: inout StoreCore, _ batch: RequestBatch, _ connection: Connection, _ began: inout UInt64?,
        _ waiting: inout [Waiting]
    ) {
        let first = batch.next
        var context = Context(connection: connection)
        if let state = connection.stateIfAny {
            var lost: [RowReference] = []
            guard collect(&context, state, &lost, connection) else { return }
            if !context.isPeeking { core.adopt(context.loadedRows) }
            for reference in lost { core.dropDamaged(reference) }
        }
        var index = first
        while index < batch.requests.count {
            if connection.mustPause() { break }
            context.replyStart = connection.output.count
            guard step(&core, batch, index, &context) == .done else { break }
            context.readFailure = nil
            if !context.loadedRows.isEmpty {
                core.release(context.loadedRows)
                context.loadedRows.removeAll(keepingCapacity: context.loadedRows.count == 1)
            }
            index &+= 1
        }
        batch.next = index
        if let state = connection.stateIfAny {
            state.loadedRows = context.loadedRows
            connection.unfinishedReplyBytes = state.partial.count
        }
        if let reading = context.reading {
            waiting.append(Waiting(connection: .passUnretained(connection), reading: reading))
        }
        if let since = began { began = latencies.record(batch, first..<index, since: since) }
    }

    @inline(__always)
    private func step(
        _ core: inout StoreCore, _ batch: RequestBatch, _ index: Int, _ context: inout Context
    ) -> Step {
        if let error = batch.requests.failure(at: index) {
            ReplyWriter.fail(error, into: &context.connection.output)
            return .done
        }
        if let id = batch.requests[index].id, !context.connection.mayOwe(id.count) {
            ReplyWriter.fail(nil, .busy, Self.noMemoryForReplies, into: &context.connection.output)
            return .done
        }
        switch batch.requests[index].body {
        case .get(let key, let fields): return get(&core, batch, index, key, fields, &context)
        case .put(let entry): return put(&core, batch, index, batch.parser.entries[entry], &context)
        default: return other(&core, batch.requests[index], batch.parser, &context)
        }
    }

    @inline(never)
    private func other(
        _ core: inout StoreCore, _ request: Request, _ parser: borrowing RequestParser,
        _ context: inout Context
    ) -> Step {
        switch request.body {
        case .get, .put: return .done
        case .ping: ReplyWriter.succeed(request.id, into: &context.connection.output)
        case .hello(let client): hello(request, client, context)
        case .release(let key, let lease): release(&core, request, key, lease, context)
        case .delete(let key): return delete(&core, request, key, &context)
        case .touch(let key, let ttl): return touch(&core, request, key, ttl, &context)
        case .mget(let range): return mget(&core, request, range, parser, &context)
        case .mput(let range): return mput(&core, request, range, parser, &context)
        case .clearFunction: clearFunction(&core, request, context)
        case .clearTag(let tag): return clearTag(&core, request, tag, context)
        case .clearAll: clearAll(&core, request, context)
        case .clearPattern(let pattern): clearPattern(&core, request, pattern, context)
        case .forget(let pattern): forget(&core, request, pattern, context)
        case .define(let fields): return define(&core, request, fields, context)
        case .info: info(&core, request, context)
        case .report(let hits, let savedMs): report(&core, request, hits: hits, savedMs: savedMs, context)
        case .functions(let limit, let after, let pattern):
            functions(&core, request, limit, after, pattern, context)
        case .keys(let limit, let after): return keys(&core, request, limit, after, &context)
        case .stats: stats(&core, request, context)
        case .sync:
            if let reason = core.heldInMemory {
                fail(request, .storage, "not everything is in the database: \(reason)", context)
            } else {
                ReplyWriter.succeed(request.id, into: &context.connection.output)
                gate(&core, request, context)
            }
        case .why(let key): return why(&core, request, key, &context)
        case .subscribe: subscribe(request, context)
        case .backup(let path): return backup(&core, request, path, context)
        case .history(let spanMs, let points): history(&core, request, spanMs, points, context)
        case .advise: advise(&core, request, context)
        }
        return .done
    }

    // MARK: what operations share

    /// Answers `busy` in the place of a large reply where there is no memory for it, because peers do not read.
    func refusesReply(of bytes: Int, _ request: Request, _ context: Context) -> Bool {
        guard !context.connection.mayOwe(bytes) else { return false }
        fail(request, .busy, Self.noMemoryForReplies, context)
        return true
    }

    private static let noMemoryForReplies =
        "replies that nobody reads take all the memory there is for them; try again"

    /// Whose entries a request means.
    @inline(__always)
    func owner(_ request: borrowing Request, _ connection: Connection) -> Int64 {
        owner(of: request.function, connection)
    }

    @inline(__always)
    func owner(of function: Bytes, _ connection: Connection) -> Int64 {
        guard settings.isolatesUsers else { return FunctionRow.everyone }
        if settings.shared.contains(where: { Pattern.matches($0, function) }) {
            return FunctionRow.everyone
        }
        return Int64(connection.uid)
    }

    /// Whose functions a connection may see: its own, or all (`nil`).
    func visibleOwner(_ connection: Connection) -> Int64? {
        settings.isolatesUsers && !connection.isAdministrator ? Int64(connection.uid) : nil
    }

    /// Whether a function is this user's, or everybody's because it is shared. What was stored while there was no
    /// isolation belongs to nobody and is seen by administrators alone.
    func isVisible(_ row: FunctionRow, to owner: Int64?) -> Bool {
        if row.owner == owner { return true }
        guard row.owner == FunctionRow.everyone else { return false }
        var name = row.name
        return name.withUTF8 { name in
            settings.shared.contains { Pattern.matches($0, Bytes(name)) }
        }
    }

    /// Makes what `keys` says of where to go on. With isolation it must not say how many entries others have.
    func cursorCipher(_ connection: Connection) -> CursorCipher {
        guard let owner = visibleOwner(connection) else { return CursorCipher(key: nil) }
        return CursorCipher(key: (cursorSecret.0, cursorSecret.1 ^ UInt64(bitPattern: owner)))
    }

    /// The request's function; answers `busy` where there are too many.
    @inline(__always)
    func intern(_ core: inout StoreCore, _ request: Request, _ context: Context) -> UInt32? {
        let owner = owner(request, context.connection)
        if let place = core.function(owner: owner, name: request.function) { return place }
        if let place = core.internFunction(owner: owner, name: request.function) { return place }
        fail(request, .busy, "there are too many functions; clear some, or use fewer names", context)
        return nil
    }

    @inline(__always)
    func bytes(_ key: CanonicalKey, _ core: borrowing StoreCore, _ function: UInt32) -> Bytes {
        key.bytes(isTyped: core.isTyped(function))
    }

    func fail(_ request: Request, _ code: ErrorCode, _ message: String, _ context: Context) {
        ReplyWriter.fail(request.id, code, message, into: &context.connection.output)
    }

    /// Holds the reply just written back until all changes made so far are committed.
    func gate(_ core: inout StoreCore, _ request: Request, _ context: Context) {
        context.connection.gate(from: context.replyStart, sequence: core.needCommit(), id: request.id)
    }

    /// Whether a write has to wait for the writer: suspended then, and `busy` after a while.
    func waitsForRoom(_ core: inout StoreCore, _ request: Request, _ context: Context) -> Step? {
        guard core.isQueueFull else {
            context.connection.stateIfAny?.roomSince = nil
            return nil
        }
        let connection = context.connection
        let now = BootClock.nowMs
        let state = connection.state
        if connection.isPeerGone || isDraining.load(ordering: .acquiring) { return nil }
        if let since = state.roomSince, now - since >= Self.patienceMs {
            state.roomSince = nil
            fail(request, .busy, "the disk is behind with writing; try again", context)
            return .done
        }
        if state.roomSince == nil { state.roomSince = now }
        core.waitForRoom(connection.id.rawValue)
        connection.deadline = (state.roomSince ?? now) + Self.patienceMs
        return .suspended
    }

    var drains: Bool { isDraining.load(ordering: .acquiring) }

    // MARK: the ends of connections

    public func inputEnded(_ connection: Connection) {
        guard let state = connection.stateIfAny, state.hasLeases else { return }
        store.perform { $0.inputEnded(connection.id.rawValue) }
    }

    public func closed(_ connection: Connection) {
        guard let state = connection.stateIfAny else { return }
        if state.isSubscribed { subscriptions.remove(connection.id) }
        store.perform { core in
            core.release(state.loadedRows)
            core.connectionClosed(connection.id.rawValue)
        }
        connection.dispatchState = nil
    }
}
