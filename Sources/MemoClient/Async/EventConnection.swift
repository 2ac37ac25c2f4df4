internal import Synchronization

/// Reads the events of a subscription on a thread until it is stopped.
final class EventConnection: @unchecked Sendable {  // The client is used by the one thread that calls `run`.
    /// How long stopping may take.
    private static let pollInterval: Duration = .milliseconds(250)

    private let client: BlockingClient
    private let isStopped = Atomic(false)

    init(_ client: BlockingClient) {
        self.client = client
    }

    func stop() {
        isStopped.store(true, ordering: .relaxed)
    }

    func run(function: String?, _ take: (Event) -> Void) throws(MemoError) {
        try client.subscribe(function: function)
        while !isStopped.load(ordering: .relaxed) {
            if let event = try client.nextEvent(timeout: Self.pollInterval) { take(event) }
        }
    }
}
