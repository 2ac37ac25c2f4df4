internal import MemoStore
internal import MemoWire

/// What a suspended request keeps until it is executed again, by operation.
enum Progress: ~Copyable {
    case none
    /// - Parameter waitUntil: until when it may wait for a lease (ms since boot). The time runs from when it first waits.
    case get(waitUntil: Int64)
    case getMany(GetManyProgress)
    case putMany(PutManyProgress)
    case keys(KeysProgress)
    case functions(FunctionsProgress)
    case stats(FunctionSums)
    case advise(AdviseProgress)
    /// - Parameter left: of the functions that have counted something lately, how many were not looked at.
    case history(Int)
    /// Also what is forgotten.
    case clearMany(ClearManyProgress)
    /// It took effect, and waits for the maintenance thread to get through with it.
    case define
    case clearTag
    /// It is being written.
    case backup
    /// What other machines said of the key.
    case why(RemoteWhereabouts)

    /// Until when a `get` may wait (ms since boot), if it has waited already.
    var waitUntil: Int64? {
        switch self {
        case .get(let waitUntil): waitUntil
        default: nil
        }
    }

    /// Whether the request is not to be begun again: only its end is waited for.
    var isBegun: Bool {
        switch self {
        case .define: true
        case .clearTag: true
        case .backup: true
        default: false
        }
    }

    /// What there is of the reply, in bytes.
    var replyBytes: Int {
        switch self {
        case .getMany(let progress): max(progress.results.count, progress.bytes)
        case .keys(let progress): progress.listed.count
        case .functions(let progress): progress.listed.count
        default: 0
        }
    }
}

/// What the dispatcher knows of a connection beyond one call: made when a request first has to wait.
final class DispatchState {
    var progress = Progress.none
    /// What the suspended request needs from disk, until it is there.
    var coldRequest: ColdRequest?
    /// The request is with the readers.
    var isReading = false
    /// What is read is only looked at: it does not become hot.
    var isPeeking = false
    /// What was read from disk for the suspended request.
    var loadedRows: [LoadedRow] = []
    /// Waits for room in the write queue since this time (ms since boot).
    var roomSince: Int64?
    /// Has leases, or waited for one: the store is told when it ends.
    var hasLeases = false
    var isSubscribed = false
    /// The suspended request waits for other machines.
    var remote: RemoteWait?
    /// What the suspended request cleared or deleted, and waits to be known on other machines.
    var remoteReach: RemoteReachProgress?
}

extension Connection {
    /// What the dispatcher knows of this connection; made at need.
    var state: DispatchState {
        if let state = dispatchState { return unsafeDowncast(state, to: DispatchState.self) }
        let state = DispatchState()
        dispatchState = state
        return state
    }

    var stateIfAny: DispatchState? { dispatchState.map { unsafeDowncast($0, to: DispatchState.self) } }

    /// What the request at hand kept when it was suspended. Kept no longer: the request keeps it anew, or is over.
    func takeProgress() -> Progress {
        guard let state = stateIfAny else { return .none }
        return exchange(&state.progress, with: .none)
    }

    /// Keeps what a request has got so far, unless it is over after this step.
    func keep(_ progress: consuming Progress, after step: Dispatcher.Step) -> Dispatcher.Step {
        if step == .suspended { state.progress = progress }
        return step
    }
}
