internal import MemoStore
internal import MemoWire
internal import Platform

/// Requests that need rows from disk.
extension Dispatcher {
    /// Rows that a request waits for.
    enum Reading {
        /// Nearly always: without an array.
        case one(RowReference)
        case several([RowReference])

        var references: [RowReference] {
            switch self {
            case .one(let reference): [reference]
            case .several(let references): references
            }
        }
    }

    /// A connection whose request waits for rows.
    struct Waiting {
        let connection: Unmanaged<Connection>
        let reading: Reading
    }

    /// How long a request waits for a disk that does not answer.
    static let patienceMs: Int64 = 5_000

    /// Executes requests on with what the kernel has in memory of the rows that they wait for, and has the rest read.
    func executeReading(_ waiting: inout [Waiting], _ began: inout UInt64?) {
        var rows = Self.rowsAtOnce
        var bytes = Self.bytesAtOnce
        var found: [Waiting] = []
        repeat {
            swap(&found, &waiting)
            waiting.removeAll(keepingCapacity: true)
            let count = found.firstIndex { !readCached($0, &rows, &bytes) } ?? found.count
            if count < found.count { read(found[count...]) }
            guard count > 0 else { break }
            store.perform { core in
                for waits in found[..<count] {
                    waits.connection._withUnsafeGuaranteedRef { connection in
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
    private func readCached(_ waiting: Waiting, _ rows: inout Int, _ bytes: inout Int) -> Bool {
        let state = waiting.connection._withUnsafeGuaranteedRef { $0.state }
        switch waiting.reading {
        case .one(let reference):
            return withUnsafePointer(to: reference) {
                readCached(UnsafeBufferPointer(start: $0, count: 1), state, &rows, &bytes)
            }
        case .several(let references):
            return references.withUnsafeBufferPointer { readCached($0, state, &rows, &bytes) }
        }
    }

    @inline(__always)
    private func readCached(
        _ references: UnsafeBufferPointer<RowReference>, _ state: DispatchState, _ rows: inout Int,
        _ bytes: inout Int
    ) -> Bool {
        guard references.count <= rows, bytes > 0,
            store.readCached(references, into: &state.loadedRows, &bytes)
        else {
            return false
        }
        rows -= references.count
        return true
    }

    /// Takes what was read for the suspended request.
    /// - Returns: false where the read is still under way.
    func collect(
        _ context: inout Context, _ state: DispatchState, _ lost: inout [RowReference],
        _ connection: Connection
    ) -> Bool {
        context.loadedRows = state.loadedRows
        context.isPeeking = state.isPeeking
        state.loadedRows = []
        if let read = (connection.resumption as? ColdReadResult)?.take() {
            context.loadedRows += read.loadedRows
            lost = read.lost
            context.readFailure = read.failure
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
    private func read(_ waiting: ArraySlice<Waiting>) {
        let now = BootClock.nowMs
        var asked: [(connection: Connection, references: [RowReference])] = []
        for waits in waiting {
            let connection = waits.connection.takeUnretainedValue()
            if connection.state.isReading { continue }
            connection.state.isReading = true
            connection.deadline = now + Self.patienceMs
            asked.append((connection, waits.reading.references))
        }
        let taken = store.read(asked.map { ($0.references, $0.connection.id.rawValue) })
        // The others try again soon.
        for (connection, _) in asked[taken...] {
            connection.state.isReading = false
            connection.deadline = now + 10
        }
    }

    /// The request needs a row from disk: has it read, or gives up if that was tried for long enough.
    /// - Parameter peeking: whether what is read stays on disk alone, because this is no use of it.
    func suspend(
        reading: Reading, peeking: Bool = false, _ request: Request, _ context: inout Context
    ) -> Step {
        if let failure = context.readFailure {
            context.connection.stateIfAny?.reset()
            fail(request, .storage, "the entry cannot be read: \(failure)", context)
            return .done
        }
        if context.connection.stateIfAny?.isReading == true {
            context.connection.state.isReading = false
            context.connection.state.reset()
            fail(request, .busy, "the disk does not answer; try again", context)
            return .done
        }
        context.reading = reading
        context.connection.state.isPeeking = peeking
        return .suspended
    }
}
