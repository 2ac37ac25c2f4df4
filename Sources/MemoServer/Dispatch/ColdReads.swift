internal import MemoStore
internal import MemoWire
internal import Platform

/// Requests that need rows from disk.
extension Dispatcher {
    /// How long a request waits for a disk that does not answer.
    static let patienceMs: Int64 = 5_000

    /// Executes requests on with what the kernel has in memory of the rows that they wait for, and has the rest read.
    func executeReading(_ waiting: inout [Unmanaged<Connection>], _ began: inout UInt64?) {
        var rows = Self.rowsAtOnce
        var bytes = Self.bytesAtOnce
        var found: [Unmanaged<Connection>] = []
        repeat {
            swap(&found, &waiting)
            waiting.removeAll(keepingCapacity: true)
            let count = found.firstIndex { !readCached($0, &rows, &bytes) } ?? found.count
            if count < found.count { read(found[count...]) }
            guard count > 0 else { break }
            store.perform { core in
                for connection in found[..<count] {
                    connection._withUnsafeGuaranteedRef { connection in
                        guard let batch = connection.batch else { return }
                        execute(&core, batch, connection, &began, &waiting)
                    }
                }
            }
        } while !waiting.isEmpty
    }

    /// Cold rows that are read at once, and about how many bytes: others are served some 100 µs later for it. The rest
    /// is left to the readers' threads.
    private static let rowsAtOnce = 64
    private static let bytesAtOnce = 256 << 10

    /// Reads what a request waits for if all of it is in memory.
    private func readCached(_ waiting: Unmanaged<Connection>, _ rows: inout Int, _ bytes: inout Int) -> Bool {
        let state = waiting._withUnsafeGuaranteedRef { $0.state }
        guard let request = state.coldRequest, request.count <= rows, bytes > 0,
            store.readCached(request, into: &state.loadedRows, &bytes)
        else { return false }
        state.coldRequest = nil
        rows -= request.count
        return true
    }

    /// Takes what was read for the suspended request.
    /// - Returns: false if the read is still under way.
    func collect(
        _ context: inout Context, _ state: DispatchState, _ lost: inout [RowReference],
        _ connection: Connection
    ) -> Bool {
        context.loadedRows = state.loadedRows
        context.isPeeking = state.isPeeking
        state.loadedRows = []
        if let reply = connection.resumption as? ColdReply, let rows = reply.take() {
            context.loadedRows += rows
            lost = reply.lost
            context.readFailure = reply.failure
            state.isReading = false
        } else if state.isReading {
            // The disk does not answer: without what it has, the request is answered `busy`.
            guard connection.deadline == nil else {
                state.loadedRows = context.loadedRows
                return false
            }
        }
        return true
    }

    /// Has read what the connections wait for.
    private func read(_ waiting: ArraySlice<Unmanaged<Connection>>) {
        let now = BootClock.nowMs
        var states: [(connection: Connection, state: DispatchState)] = []
        var requests: [ColdRequest] = []
        for connection in waiting.lazy.map({ $0.takeUnretainedValue() }) {
            let state = connection.state
            guard !state.isReading, let request = exchange(&state.coldRequest, with: nil) else { continue }
            state.isReading = true
            connection.deadline = now + Self.patienceMs
            states.append((connection, state))
            requests.append(request)
        }
        let taken = store.read(requests)
        // The others try again soon.
        for (connection, state) in states[taken...] {
            state.isReading = false
            connection.deadline = now + 10
        }
    }

    func suspend(
        reading reference: RowReference, peeking: Bool = false, _ request: Request, _ context: inout Context
    )
        -> Step
    {
        suspend(reading: ColdRequest(context.connection.id, reference), peeking: peeking, request, &context)
    }

    /// The request needs rows from disk: has them read, or gives up if that was tried for long enough.
    /// - Parameter peeking: what is read stays only on disk, because this is no use of it.
    func suspend(
        reading rows: ColdRequest, peeking: Bool = false, _ request: Request, _ context: inout Context
    ) -> Step {
        let state = context.connection.state
        if let failure = context.readFailure {
            state.progress = .none
            fail(request, .storage, "the entry cannot be read: \(failure)", context)
            return .done
        }
        if state.isReading {
            state.isReading = false
            state.progress = .none
            fail(request, .busy, "the disk does not answer; try again", context)
            return .done
        }
        context.coldRequest = rows
        state.isPeeking = peeking
        return .suspended
    }
}
