internal import MemoStore
internal import MemoWire
internal import Synchronization

/// What the dispatcher knows of a connection beyond one call: made when a request first has to wait.
final class DispatchState {
    /// What was read from disk for the request that the connection is suspended in.
    var loadedRows: [LoadedRow] = []
    /// A read is under way.
    var isReading = false
    /// What is read is only looked at: it does not become hot.
    var isPeeking = false
    /// Waits for room in the write queue since this time (ms since boot).
    var roomSince: Int64?
    /// Until when the request's `get` may wait for a lease.
    var waitUntil: Int64?
    /// How far an `mget`, `mput` or `keys` has got, and what it found.
    var position = 0
    var count = 0
    var sequence: UInt64 = 0
    var partial = ByteBuffer()
    /// Since when the request is under way.
    var began: Int64?
    /// Has leases, or waited for one: the store is told when it ends.
    var hasLeases = false
    var isSubscribed = false
    var isBackingUp = false
    /// The request took effect, and waits for the maintenance thread to get through with it: `define`, or `clear` of a tag.
    var isApplied = false

    /// The request is over.
    func reset() {
        roomSince = nil
        waitUntil = nil
        position = 0
        count = 0
        sequence = 0
        if !partial.isEmpty { partial = ByteBuffer() }
    }
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
}

/// What was read from disk, on its way from a reader's thread to the connection that waits for it, if it still does.
final class ColdReadResult: Sendable {
    private let read: Mutex<ColdRead?>
    private let store: Store

    init(_ read: ColdRead, store: Store) {
        self.read = Mutex(read)
        self.store = store
    }

    /// What was read, for the first who asks; it is then theirs to release.
    func take() -> ColdRead? {
        read.withLock { read in
            defer { read = nil }
            return read
        }
    }

    deinit {
        if let read = take() { store.perform { $0.release(read.loadedRows) } }
    }
}
