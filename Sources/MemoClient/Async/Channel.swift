internal import Glibc
internal import Platform
internal import Synchronization

/// One connection on which many tasks have requests under way: requests are sent as they come, and replies arrive
/// in their order. It connects when there is something to send, and again after the connection was lost. A thread
/// of its own does what blocks.
final class Channel: Sendable {
    /// Requests under way at most; a caller beyond that is told `busy`.
    static let maximumWaiters = 16_384

    private struct Waiter {
        let number: UInt64
        let deadline: ContinuousClock.Instant
        /// `nil`: its task was cancelled, and no one wants the reply any more.
        var continuation: CheckedContinuation<Result<Reply, MemoError>, Never>?
        let bytes: [UInt8]
    }

    private struct State {
        var waiting: [Waiter] = []
        /// Those of `waiting` whose requests were handed to the thread.
        var taken = 0
        var nextNumber: UInt64 = 0
        var isRunning = false
        var isClosed = false
    }

    private let state = Mutex(State())
    private let wake: WakeUp
    private let locations: [SocketLocation]
    private let name: String?
    private let timeout: Duration
    private let autostart: Bool

    init(_ locations: [SocketLocation], name: String?, timeout: Duration, autostart: Bool) {
        self.autostart = autostart
        self.locations = locations
        self.name = name
        self.timeout = timeout
        wake = WakeUp()
    }

    /// Sends a request and waits for its reply, an error of the daemon's included.
    func reply(to request: [UInt8], within duration: Duration) async throws(MemoError) -> Reply {
        let number = state.withLock { state in
            state.nextNumber += 1
            return state.nextNumber
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waiter = Waiter(
                    number: number, deadline: ContinuousClock.now + duration, continuation: continuation,
                    bytes: request)
                enqueue(waiter)
            }
        } onCancel: {
            cancel(number)
        }
        return try result.get()
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Ends the connection; whoever waits is told.
    func close() {
        state.withLock { $0.isClosed = true }
        wake.signal()
    }

    private func enqueue(_ waiter: Waiter) {
        enum Next {
            case refuse(MemoError)
            case start, wake
        }
        let isCancelled = Task.isCancelled
        let next = state.withLock { state -> Next in
            if isCancelled { return .refuse(MemoError(.cancelled, "the task was cancelled")) }
            if state.isClosed { return .refuse(MemoError(.disconnected, "the client was closed")) }
            guard state.waiting.count < Self.maximumWaiters else {
                return .refuse(MemoError(.busy, "more than \(Self.maximumWaiters) requests are under way"))
            }
            state.waiting.append(waiter)
            defer { state.isRunning = true }
            return state.isRunning ? .wake : .start
        }
        switch next {
        case .refuse(let error): waiter.continuation?.resume(returning: .failure(error))
        case .wake: wake.signal()
        case .start:
            if (try? Thread.detach(blocksSignals: true) { [self] in run() }) != nil { return }
            state.withLock { state in
                state.isRunning = false
                state.taken = state.waiting.count
            }
            fail(MemoError(.unreachable, "there is no thread left for the connection"))
        }
    }

    private func cancel(_ number: UInt64) {
        let continuation = state.withLock { state -> CheckedContinuation<Result<Reply, MemoError>, Never>? in
            guard let index = state.waiting.firstIndex(where: { $0.number == number }) else { return nil }
            defer { state.waiting[index].continuation = nil }
            return state.waiting[index].continuation
        }
        continuation?.resume(returning: .failure(MemoError(.cancelled, "the task was cancelled")))
    }

    /// The thread: until the channel is closed.
    private func run() {
        var connection: SocketConnection?
        var output: [UInt8] = []
        var sent = 0
        while true {
            wake.clear()
            let (isClosed, earliest, fresh) = take()
            if isClosed {
                fail(MemoError(.disconnected, "the client was closed"))
                return
            }
            do throws(MemoError) {
                if let earliest, earliest <= ContinuousClock.now {
                    throw MemoError(.timedOut, "no reply in time")
                }
                if connection == nil && (!fresh.isEmpty || earliest != nil) {
                    connection = try connect()
                }
                output += fresh
                if connection != nil {
                    if sent < output.count { sent += try connection!.sendSome(output[sent...]) }
                    if sent == output.count {
                        output.removeAll(keepingCapacity: output.capacity < 1 << 20)
                        sent = 0
                    }
                    while try connection!.receiveSome() {
                        while let line = connection!.nextLine() { try deliver(Reply(line: line)) }
                    }
                }
            } catch {
                // No one knows any more which reply comes next.
                connection = nil
                output = []
                sent = 0
                fail(error)
            }
            wake.wait(
                with: connection?.descriptor ?? -1, wantsToSend: sent < output.count,
                timeout: earliest.map { $0 - ContinuousClock.now })
        }
    }

    /// What was enqueued since, and the first deadline.
    private func take() -> (isClosed: Bool, earliest: ContinuousClock.Instant?, bytes: [UInt8]) {
        state.withLock { state in
            var bytes: [UInt8] = []
            for waiter in state.waiting[state.taken...] { bytes += waiter.bytes }
            state.taken = state.waiting.count
            // Replies come in order: the first one holds up the others, whose deadlines are hardly earlier.
            return (state.isClosed, state.waiting.first?.deadline, bytes)
        }
    }

    private func connect() throws(MemoError) -> SocketConnection {
        var connection = try Autostart.open(
            locations, isWanted: autostart, deadline: Deadline(in: timeout), timeout: timeout)
        let deadline = Deadline(in: timeout)
        guard let name else { return connection }
        try connection.send(Call.hello(client: name).request.bytes, deadline: deadline)
        if let error = try Reply(line: connection.receiveLine(deadline: deadline)).error { throw error }
        return connection
    }

    private func deliver(_ reply: Reply) throws(MemoError) {
        let (isExpected, continuation) = state.withLock { state in
            guard state.taken > 0 else {
                return (false, nil as CheckedContinuation<Result<Reply, MemoError>, Never>?)
            }
            state.taken -= 1
            return (true, state.waiting.removeFirst().continuation)
        }
        guard isExpected else {
            // A daemon that turns a client away says so before anything was asked.
            throw reply.error ?? MemoError(.malformedReply, "the daemon answered what no one asked")
        }
        continuation?.resume(returning: .success(reply))
    }

    /// Fails the requests that were sent. Those that were not have another connection.
    private func fail(_ error: MemoError) {
        let failed = state.withLock { state in
            let failed = state.waiting.prefix(state.isClosed ? state.waiting.count : state.taken)
            state.waiting.removeFirst(failed.count)
            state.taken = 0
            return Array(failed)
        }
        for waiter in failed { waiter.continuation?.resume(returning: .failure(error)) }
    }
}
