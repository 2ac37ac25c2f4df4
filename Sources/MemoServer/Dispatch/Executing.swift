internal import MemoStore
internal import MemoWire

/// Executes batches, each as far as it goes.
extension Dispatcher {
    /// What became of a request: answered, or to be executed again.
    enum Step { case done, suspended }

    /// What a request needs at hand while the lock is held.
    struct Context {
        let connection: Connection
        /// Where the request's reply begins.
        var replyStart = 0
        /// What is to be read from disk before the request can go on.
        var coldRequest: ColdRequest?
        var loadedRows: [LoadedRow] = []
        /// The suspended request only looks at what was read.
        var isPeeking = false
        /// Why the rows that were asked for could not be read, if so.
        var readFailure: String?
        /// Where the connection's share of the work ends (`WorkMeter`).
        var workEnd = 0
        /// A large value is attached: nothing follows before it is sent.
        var mustStop = false
        var remote = RemoteAsking.notYet
        /// The look-up that was answered, or given up.
        var remoteLookup: UInt64?
        /// The keys of an `mget` that other machines were asked for, by their places.
        var remoteKeys: [Int] = []
    }

    /// What a connection may do in its turn, in units of work (some 0.2 µs each); the request that goes beyond it is the
    /// last. And what is done while the lock is held, of all connections together.
    private static let share = 1000
    private static let workAtOnce = 2000
    /// What is never exceeded while the lock is held: the one request that goes beyond the share, and what it evicts.
    static let workMax = 10_000

    package func execute(_ batches: UnsafeBufferPointer<Unmanaged<RequestBatch>>) -> Int {
        var began = latencies.begin()
        var waiting: [Unmanaged<Connection>] = []
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
                && core.work.units < Self.workAtOnce
        }
        if !waiting.isEmpty { executeReading(&waiting, &began) }
        return executed
    }

    /// Copies large values before the lock is held.
    package func prepare(_ batch: RequestBatch) {
        for (entry, fields) in batch.parser.entries.enumerated()
        where fields.value.count >= PreparedValue.leastBytes {
            batch.prepared[entry] = store.prepare(fields.value)
        }
    }

    /// Executes a batch as far as it goes.
    /// - Parameter waiting: takes note of those that wait for the disk.
    @inline(__always)
    func execute(
        _ core: inout StoreCore, _ batch: RequestBatch, _ connection: Connection, _ began: inout UInt64?,
        _ waiting: inout [Unmanaged<Connection>]
    ) {
        let first = batch.next
        var context = Context(connection: connection)
        context.workEnd = core.work.units &+ Self.share
        if let state = connection.stateIfAny {
            if state.remote != nil, !collectRemote(&core, &context, state, connection) { return }
            var lost: [RowReference] = []
            guard collect(&context, state, &lost, connection) else { return }
            if !context.isPeeking { core.adopt(context.loadedRows) }
            for reference in lost { core.dropDamaged(reference) }
        }
        var index = first
        while index < batch.requests.count {
            if connection.mustPause() || mustYield(core, context) { break }
            context.replyStart = connection.output.count
            guard step(&core, batch, index, &context) == .done else { break }
            if context.readFailure != nil { context.readFailure = nil }
            context.remote = .notYet
            if !context.loadedRows.isEmpty {
                core.release(context.loadedRows)
                context.loadedRows.removeAll(keepingCapacity: context.loadedRows.count == 1)
            }
            index &+= 1
            if context.mustStop { break }
        }
        batch.next = index
        _ = mustYield(core, context)
        if let state = connection.stateIfAny {
            state.loadedRows = context.loadedRows
            connection.unfinishedReplyBytes = state.progress.replyBytes
            if let request = context.coldRequest {
                state.coldRequest = request
                waiting.append(.passUnretained(connection))
            }
        }
        if let since = began { began = latencies.record(batch, first..<index, since: since) }
    }

    /// Whether the connection's share is used up: it goes on when the others have had their turn.
    @inline(__always)
    func mustYield(_ core: borrowing StoreCore, _ context: Context) -> Bool {
        guard core.work.units > context.workEnd else { return false }
        context.connection.hasYielded = true
        return true
    }

    /// Has the request executed on when the others have had their turn.
    func yields(_ progress: consuming Progress, _ context: Context) -> Step {
        context.connection.hasYielded = true
        return context.connection.keep(progress, after: .suspended)
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
        case .put(let entry): return put(&core, batch, index, entry, &context)
        default: return other(&core, batch.requests[index], batch.parser, &context)
        }
    }

    /// What a request takes at least, in units of work; more where that depends on what is stored.
    private static func leastWork(_ request: Request) -> Int {
        switch request.body {
        case .ping: 1
        case .hello: 20
        // The name is looked up in several tables.
        case .subscribe: 8 + request.function.count / 32
        case .map: 100
        default: 2 + request.function.count / 128
        }
    }

    @inline(never)
    private func other(
        _ core: inout StoreCore, _ request: Request, _ parser: borrowing RequestParser,
        _ context: inout Context
    ) -> Step {
        core.work.spend(Self.leastWork(request))
        switch request.body {
        case .get, .put: return .done
        case .ping: ReplyWriter.succeed(request.id, into: &context.connection.output)
        case .hello(let client): hello(request, client, context)
        case .release(let key, let lease): release(&core, request, key, lease, context)
        case .delete(let key, let wait): return delete(&core, request, key, wait, &context)
        case .touch(let key, let ttl): return touch(&core, request, key, ttl, &context)
        case .mget(let range, let remote): return getMany(&core, request, range, remote, parser, &context)
        case .mput(let range): return putMany(&core, request, range, parser, &context)
        case .clearFunction(let wait): return clearFunction(&core, request, wait, context)
        case .clearTag(let tag, let wait): return clearTag(&core, request, tag, wait, context)
        case .clearAll(let wait): return clearMany(&core, request, .all, wait, context)
        case .clearPattern(let pattern, let wait):
            return clearMany(&core, request, .pattern(pattern), wait, context)
        case .forget(let pattern): return forget(&core, request, pattern, context)
        case .define(let fields): return define(&core, request, fields, context)
        case .info(let mismatches): info(&core, request, listing: mismatches, context)
        case .report(let fields): report(&core, request, fields, parser, context)
        case .functions(let limit, let after, let pattern):
            return functions(&core, request, limit, after, pattern, &context)
        case .keys(let limit, let after): return keys(&core, request, limit, after, &context)
        case .stats: return stats(&core, request, context)
        case .sync: sync(&core, request, context)
        case .why(let key, let remote): return why(&core, request, key, remote, &context)
        case .subscribe: subscribe(request, context)
        case .backup(let path): return backup(&core, request, path, context)
        case .history(let spanMs, let points): return history(&core, request, spanMs, points, context)
        case .advise: return advise(&core, request, context)
        case .map: map(&core, request, context)
        }
        return .done
    }
}
