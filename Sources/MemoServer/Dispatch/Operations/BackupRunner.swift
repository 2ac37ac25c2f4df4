internal import MemoStore
internal import Platform

/// Runs backups one at a time on a thread of their own, which lives while there is one to run.
final class BackupRunner: Sendable {
    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var isRunning = false
    }

    private let state = Lock(State())

    /// - Throws: if there is no thread left; the backup is not run then.
    func run(_ job: @escaping @Sendable () -> Void) throws(SystemError) {
        let starts = state.withLock { state in
            state.jobs.append(job)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard starts else { return }
        do throws(SystemError) {
            try Thread.detach(name: "memod-backup") { [self] in work() }
        } catch {
            state.withLock { $0 = State() }
            throw error
        }
    }

    private func work() {
        while true {
            let job: (@Sendable () -> Void)? = state.withLock { state in
                guard !state.jobs.isEmpty else {
                    state.isRunning = false
                    return nil
                }
                return state.jobs.removeFirst()
            }
            guard let job else { return }
            job()
        }
    }
}
