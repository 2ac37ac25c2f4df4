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
        private let generation: UInt64
        private let isStillCurrent: (UInt64) -> Bool
        private var connection: ColdReader?

        init(database: ColdDatabase, generation: UInt64, isCurrent: @escaping (UInt64) -> Bool) {
            self.database = database
            self.generation = generation
            isStillCurrent = isCurrent
        }

        /// Whether the database was not opened anew since.
        var isCurrent: Bool { isStillCurrent(generation) }

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
    }

    private let state = Mutex(State())
    private let signals: [Signal]
    private let threads = Mutex<[WorkerThread]>([])
    private let capacity: Int

    init(count: Int, capacity: Int) {
        signals = (0..<count).map { _ in Signal() }
        self.capacity = capacity
    }

    /// - Parameters:
    ///   - read: reads one row; called on one thread for each of `makeReader`'s results.
    ///   - deliver: is given what was read.
    func start(
        makeReader: @escaping @Sendable () -> Reader,
        deliver: @escaping @Sendable (ConnectionID, ColdRead) -> Void
    ) {
        threads.withLock { threads in
            threads = signals.indices.map { index in
                WorkerThread(name: "memod-read-\(index)") { [self] in
                    run(signals[index], makeReader: makeReader, deliver: deliver)
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

    func close() {
        state.withLock { $0.isClosing = true }
        for signal in signals { signal.notify() }
        threads.withLock { threads in
            for thread in threads { thread.join() }
            threads = []
        }
    }

    private func run(
        _ signal: Signal, makeReader: () -> Reader, deliver: (ConnectionID, ColdRead) -> Void
    ) {
        var reader = makeReader()
        while true {
            let (jobs, isClosing) = state.withLock { state in
                let taken = Array(state.jobs.prefix(32))
                state.jobs.removeFirst(taken.count)
                return (taken, state.isClosing)
            }
            if jobs.isEmpty {
                if isClosing { return }
                signal.wait(ms: nil)
                continue
            }
            if !reader.isCurrent { reader = makeReader() }
            for job in jobs { deliver(job.connection, Self.read(job.tickets, with: reader)) }
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
