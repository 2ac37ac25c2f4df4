internal import Glibc
internal import Platform

/// Threads for what would hold a loop up for long: reading large lines, writing long listings. Users take turns, so that
/// what one has queued delays the others by no more than what is under way.
final class WorkerPool: Sendable {
    typealias Job = @Sendable () -> Void

    private struct State {
        /// Of each user that has any, the first one last.
        var jobs: [UInt32: [Job]] = [:]
        /// Whose turn it is.
        var users: [UInt32] = []
        var next = 0
        var threads = 0
        var idle = 0

        mutating func append(_ job: @escaping Job, of user: UInt32) {
            if jobs[user] == nil { users.append(user) }
            jobs[user, default: []].append(job)
        }

        mutating func take() -> Job? {
            guard !users.isEmpty else { return nil }
            if next >= users.count { next = 0 }
            let user = users[next]
            let job = jobs[user]!.removeFirst()
            if jobs[user]!.isEmpty {
                jobs[user] = nil
                users.remove(at: next)
            } else {
                next += 1
            }
            return job
        }
    }

    private let state = Lock(State())
    private let signal = Signal()
    private let limit: Int

    /// - Parameter threads: how many there may be; they are made when they are needed, and stay.
    init(threads: Int) { limit = threads }

    /// Runs a job soon; at once if there is no thread to be had.
    func run(for user: UInt32, _ job: @escaping Job) {
        let starts = state.withLock { state in
            state.append(job, of: user)
            guard state.idle == 0, state.threads < limit else { return false }
            state.threads += 1
            return true
        }
        guard starts else { return signal.notify() }
        do throws(SystemError) {
            try Thread.detach(name: "memod-work", blocksSignals: true) { [self] in work() }
        } catch {
            let isAlone = state.withLock { state in
                state.threads -= 1
                return state.threads == 0
            }
            if isAlone { while let job = state.withLock({ $0.take() }) { job() } }
        }
    }

    private func work() {
        // Who waits for a loop goes first if processors are few.
        let thread = __priority_which_t(PRIO_PROCESS.rawValue)
        setpriority(thread, 0, getpriority(thread, 0) + Self.niceness)
        while true {
            let job = state.withLock { state in
                let job = state.take()
                if job == nil { state.idle += 1 }
                return job
            }
            if let job {
                job()
                continue
            }
            signal.wait(ms: nil)
            // A notice wakes one: if there is more to do, the next.
            let isMore = state.withLock { state in
                state.idle -= 1
                return state.users.count > 1 && state.idle > 0
            }
            if isMore { signal.notify() }
        }
    }

    private static let niceness: Int32 = 5
}
