internal import Synchronization

/// What was read from disk for one connection's request.
package struct ColdRead: Sendable {
    package let faults: [Fault]
    /// Entries whose rows are gone or damaged.
    package let lost: [ColdTicket]
    /// Why others could not be read, if so: nobody knows what they are.
    package let failure: String?
    /// The file is damaged beyond single rows.
    let isCorrupt: Bool
}

/// Threads that read rows, so that a slow disk holds up nobody but those who ask for what is on it.
final class ColdReaders: Sendable {
    struct Job: Sendable {
        var tickets: [ColdTicket]
        var connection: ConnectionID
    }

    /// One thread's connection, opened when it is first needed.
    final class Reader {
        private let database: ColdDatabase
        private var connection: ColdReader?

        init(_ database: ColdDatabase) { self.database = database }

        func read(_ row: Int64) throws(ColdError) -> ColdReader.Result {
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
        var jobs: [Job] = []
        var isClosing = false
        /// While the database is opened anew nobody reads, and no reader's connection is left.
        var isPaused = false
        var reading = 0
    }

    private let state = Mutex(State())
    private let signals: [Signal]
    /// Told when a reader has let go of the database.
    private let quiet = Signal()
    private let threads = Mutex<[WorkerThread]>([])
    private let capacity: Int

    init(count: Int, capacity: Int) {
        signals = (0..<count).map { _ in Signal() }
        self.capacity = capacity
    }

    /// - Parameter deliver: is given what was read.
    func start(_ database: ColdDatabase, deliver: @escaping @Sendable (ConnectionID, ColdRead) -> Void) {
        threads.withLock { threads in
            threads = signals.indices.map { index in
                WorkerThread(name: "memod-read-\(index)") { [self] in
                    run(signals[index], database, deliver)
                }
            }
        }
    }

    /// - Returns: false where too many reads wait already.
    func submit(_ job: Job) -> Bool {
        let place: Int? = state.withLock { state in
            guard state.jobs.count < capacity, !state.isClosing else { return nil }
            state.jobs.append(job)
            return state.jobs.count
        }
        guard let place else { return false }
        signals[0].notify()
        if place > 8 { for signal in signals.dropFirst() { signal.notify() } }
        return true
    }

    /// Waits until no reader is connected to the database, and lets none begin until `resume`.
    func pause() {
        state.withLock { $0.isPaused = true }
        while state.withLock({ $0.reading }) > 0 {
            for signal in signals { signal.notify() }
            quiet.wait(ms: 10)
        }
    }

    func resume() {
        state.withLock { $0.isPaused = false }
        for signal in signals { signal.notify() }
    }

    func close() {
        state.withLock { $0.isClosing = true }
        for signal in signals { signal.notify() }
        threads.withLock { threads in
            for thread in threads { thread.join() }
            threads = []
        }
    }

    private func run(
        _ signal: Signal, _ database: ColdDatabase, _ deliver: (ConnectionID, ColdRead) -> Void
    ) {
        var reader: Reader?
        while true {
            let (jobs, mayRead, isClosing) = state.withLock { state in
                if state.isPaused {
                    return ([Job](), false, state.isClosing)
                }
                let taken = Array(state.jobs.prefix(32))
                state.jobs.removeFirst(taken.count)
                if reader == nil, !taken.isEmpty { state.reading += 1 }
                return (taken, true, state.isClosing)
            }
            if !mayRead, reader != nil {
                reader = nil
                state.withLock { $0.reading -= 1 }
                quiet.notify()
            }
            if jobs.isEmpty {
                if isClosing { return }
                signal.wait(ms: nil)
                continue
            }
            let current = reader ?? Reader(database)
            reader = current
            for job in jobs { deliver(job.connection, Self.read(job.tickets, with: current)) }
        }
    }

    private static func read(_ tickets: [ColdTicket], with reader: Reader) -> ColdRead {
        var faults: [Fault] = []
        var lost: [ColdTicket] = []
        var failure: String?
        var isCorrupt = false
        for ticket in tickets {
            do throws(ColdError) {
                switch try reader.read(ticket.row) {
                case .found(let payload): faults.append(Fault(ticket: ticket, payload: payload))
                case .missing, .damaged: lost.append(ticket)
                case .outOfMemory: failure = "there is no memory left"
                }
            } catch {
                failure = error.message
                isCorrupt = isCorrupt || error.failure == .corrupt
            }
        }
        return ColdRead(faults: faults, lost: lost, failure: failure, isCorrupt: isCorrupt)
    }
}
