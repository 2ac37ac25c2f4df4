internal import MemoStore
internal import MemoWire
internal import Platform
internal import RemoteLink

/// What was cleared or deleted here, and is to be known on other machines.
struct RemoteReachProgress {
    enum Subject {
        case fields([EpochField])
        case deletion([UInt8], [UInt8])
    }

    let subject: Subject
    /// How many entries were cleared or deleted here.
    let count: Int
    /// Until when the request waits for it, in ms since boot; `nil`: it did not say.
    var until: Int64?

    init(_ subject: Subject, count: Int, waitMs: Int64?) {
        self.subject = subject
        self.count = count
        until = waitMs.map { BootClock.nowMs + $0 }
    }

    var isDeletion: Bool {
        if case .deletion = subject { true } else { false }
    }
}

extension Connection {
    /// What a request that took effect waits for on other machines.
    func takeRemoteReach() -> RemoteReachProgress? {
        guard let state = stateIfAny else { return nil }
        return exchange(&state.remoteReach, with: nil)
    }
}

extension Dispatcher {
    /// Answers a clear or a delete, when other machines know of it or its time to wait is over.
    func finish(
        _ core: inout StoreCore, _ request: Request, _ progress: RemoteReachProgress, _ context: Context
    ) -> Step {
        let connection = context.connection
        let reach = reach(core, progress.subject)
        if reach == .queued, let until = progress.until, BootClock.nowMs < until, !drains,
            !connection.isPeerGone
        {
            core.waitForRemote(connection.id)
            connection.deadline = until
            connection.state.remoteReach = progress
            return .suspended
        }
        ReplyWriter.begin(request.id, into: &connection.output)
        ReplyWriter.field(
            progress.isDeletion ? "deleted" : "cleared", progress.count, into: &connection.output)
        if core.hasRemote || progress.until != nil {
            ReplyWriter.field("remote", string: reach.rawValue, into: &connection.output)
        }
        ReplyWriter.end(into: &connection.output)
        gate(&core, request, context)
        return .done
    }

    private func reach(_ core: borrowing StoreCore, _ subject: RemoteReachProgress.Subject) -> RemoteReach {
        switch subject {
        case .deletion(let function, let key):
            return function.withUnsafeBytes { function in
                key.withUnsafeBytes { core.reach(function: function, key: $0) }
            }
        case .fields(let fields):
            let reaches = fields.map { core.reach(of: $0) }
            // What got least far.
            return [.readOnly, .queued, .done].first { reaches.contains($0) } ?? .off
        }
    }
}
