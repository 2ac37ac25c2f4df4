internal import Platform
internal import SQLite

/// Threads that read rows, so that a slow disk holds up no one but those who ask for what is on it.
final class ReaderThreads: Sendable {
    /// One thread's connection, opened when it is first needed.
    final class Reader {
        private let database: ColdDatabase
        private var connection: ColdReader?

        init(_ database: ColdDatabase) { self.database = database }

        /// One transaction for the reads until `endBatch`: beginning one takes half as long as a read.
        func beginBatch() { connection?.beginBatch() }
        func endBatch() { connection?.endBatch() }

        /// What is not as it was written is read again, past what SQLite remembers of it: it may have been misread. So is
        /// what could not be read: an error of the disk may be over.
        func read(_ row: Int64) throws(ColdError) -> ColdReader.Result {
            do throws(ColdError) {
                switch try readOnce(row) {
                case .missing, .damaged: connection = nil
                case let result: return result
                }
            } catch {
                guard [.corrupt, .io].contains(error.failure) else { throw error }
            }
            return try readOnce(row)
        }

        private func readOnce(_ row: Int64) throws(ColdError) -> ColdReader.Result {
            do throws(ColdError) {
                if connection == nil { connection = try database.makeReader() }
                return try connection.unsafelyUnwrapped.read(row: row)
            } catch {
                connection = nil
                throw error
            }
        }
    }

    private struct State {
        /// Those before `next` were taken.
        var requests: [ColdRequest] = []
        var next = 0
        var isClosing = false
        /// While the database is opened anew no one reads, and no reader's connection is left.
        var isPaused = false
        var reading = 0
        /// Which readers sleep.
        var sleeping: [Bool]

        var waiting: Int { requests.count - next }

        mutating func take(_ count: Int) -> ArraySlice<ColdRequest> {
            let taken = requests[next..<min(next + count, requests.count)]
            next = taken.endIndex
            if next == requests.count {
                requests = []
                next = 0
            } else if next > 64, next > requests.count / 2 {
                requests.removeFirst(next)
                next = 0
            }
            return taken
        }
    }

    /// Requests that a reader takes at once, and whose replies are delivered together.
    private static let requestsAtOnce = 8

    /// The connection that reads what need not wait for the disk, on the thread of whoever asks.
    private struct InlineReader {
        var reader: ColdReader?
        var isPaused = false
    }

    private let inlineReader = Lock(InlineReader())
    private let state: Lock<State>
    private let signals: [Signal]
    /// Told when a reader has let go of the database.
    private let quiet = Signal()
    private let threads = Lock<[Thread]>([])
    private let capacity: Int

    init(count: Int, capacity: Int) {
        signals = (0..<count).map { _ in Signal() }
        state = Lock(State(sleeping: Array(repeating: false, count: count)))
        self.capacity = capacity
    }

    /// - Parameter deliver: is given what was read.
    func start(
        _ database: ColdDatabase, deliver: @escaping @Sendable ([ColdReply]) -> Void
    ) throws(SystemError) {
        var started: [Thread] = []
        for index in signals.indices {
            started.append(
                try Thread(name: "memod-read-\(index)") { [self] in run(index, database, deliver) })
        }
        threads.withLock { $0 = started }
    }

    /// Reads rows at once, as long as they are in the kernel's page cache; whatever is amiss, one who can wait finds
    /// out.
    func readCached(
        _ request: ColdRequest, into loadedRows: inout [LoadedRow], _ bytes: inout Int
    ) -> Bool {
        let held = loadedRows.count
        var size = 0
        let limit = bytes
        let areFound = inlineReader.withLockIfAvailable { inlineReader -> Bool in
            guard let reader = inlineReader.reader else { return false }
            if request.count > 1 { reader.beginBatch() }
            defer { reader.endBatch() }
            return CachedReads.only(bytes: limit) {
                request.allSatisfy { reference in
                    guard case .found(let payload)? = try? reader.read(row: reference.row) else {
                        return false
                    }
                    loadedRows.append(LoadedRow(reference: reference, payload: payload))
                    size += payload.footprint
                    return true
                }
            } ?? false
        }
        guard areFound ?? false else {
            for loadedRow in loadedRows[held...] { loadedRow.payload.release() }
            loadedRows.removeSubrange(held...)
            return false
        }
        bytes -= size
        return true
    }

    /// - Returns: how many of the requests were taken on, the first ones: not all if too many wait already.
    func submit(_ requests: [ColdRequest]) -> Int {
        let (taken, woken) = state.withLock { state -> (Int, ArraySlice<Int>) in
            let taken = state.isClosing ? 0 : max(0, min(requests.count, capacity - state.waiting))
            state.requests += requests.prefix(taken)
            let wanted = (state.waiting + Self.requestsAtOnce - 1) / Self.requestsAtOnce
            let woken = state.sleeping.indices.filter { state.sleeping[$0] }.prefix(wanted)
            for index in woken { state.sleeping[index] = false }
            return (taken, woken)
        }
        for index in woken { signals[index].notify() }
        return taken
    }

    /// Waits until no reader is connected to the database, and lets none begin until `resume`.
    func pause() {
        inlineReader.withLock { $0 = InlineReader(isPaused: true) }
        state.withLock { $0.isPaused = true }
        while state.withLock({ $0.reading }) > 0 {
            for signal in signals { signal.notify() }
            quiet.wait(ms: 10)
        }
    }

    func resume() {
        inlineReader.withLock { $0.isPaused = false }
        state.withLock { $0.isPaused = false }
        for signal in signals { signal.notify() }
    }

    /// - Parameter join: waits for a thread's end.
    /// - Returns: false if one does not end; nothing may be taken from it then.
    func close(join: (Thread) -> Bool) -> Bool {
        state.withLock { $0.isClosing = true }
        for signal in signals { signal.notify() }
        guard threads.withLock({ $0.allSatisfy(join) }) else { return false }
        threads.withLock { $0 = [] }
        inlineReader.withLock { $0 = InlineReader(isPaused: true) }
        return true
    }

    private func run(
        _ index: Int, _ database: ColdDatabase, _ deliver: ([ColdReply]) -> Void
    ) {
        var reader: Reader?
        while true {
            let (requests, mayRead, isClosing) = state.withLock { state in
                if state.isPaused {
                    return (ArraySlice<ColdRequest>(), false, state.isClosing)
                }
                let taken = state.take(Self.requestsAtOnce)
                if reader == nil, !taken.isEmpty { state.reading += 1 }
                if taken.isEmpty { state.sleeping[index] = true }
                return (taken, true, state.isClosing)
            }
            if !mayRead, reader != nil {
                reader = nil
                state.withLock { $0.reading -= 1 }
                quiet.notify()
            }
            if requests.isEmpty {
                if isClosing { return }
                signals[index].wait(ms: nil)
                continue
            }
            let current = reader ?? Reader(database)
            reader = current
            let isBatch = requests.count > 1 || requests[requests.startIndex].count > 1
            if isBatch { current.beginBatch() }
            let replies = requests.map { Self.read($0, current) }
            if isBatch { current.endBatch() }
            deliver(replies)
            connectInlineReader(database)
        }
    }

    /// Makes the connection for `readCached`, which itself must not wait for files to be opened.
    private func connectInlineReader(_ database: ColdDatabase) {
        inlineReader.withLock { inlineReader in
            if inlineReader.reader == nil, !inlineReader.isPaused {
                inlineReader.reader = try? database.makeReader(waits: false)
            }
        }
    }

    private static func read(_ request: ColdRequest, _ reader: Reader) -> ColdReply {
        var loadedRows: [LoadedRow] = []
        var lost: [RowReference] = []
        var failure: String?
        var isCorrupt = false
        _ = request.allSatisfy { reference in
            do throws(ColdError) {
                switch try reader.read(reference.row) {
                case .found(let payload): loadedRows.append(LoadedRow(reference: reference, payload: payload))
                case .missing, .damaged: lost.append(reference)
                case .outOfMemory: failure = "there is no memory left"
                }
            } catch {
                failure = error.message
                isCorrupt = isCorrupt || error.failure == .corrupt
            }
            return true
        }
        return ColdReply(
            request.connection, loadedRows: loadedRows, lost: lost, failure: failure, isCorrupt: isCorrupt)
    }
}
