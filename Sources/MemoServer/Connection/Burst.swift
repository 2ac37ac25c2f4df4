internal import MemoWire

/// Requests that were read together from one connection, with the memory that their fields point into.
public final class Burst {
    private struct Contents: ~Copyable {
        var batch = RequestBatch()
        var requests: [ParsedRequest] = []
        var next = 0
        unowned var connection: Connection?
    }

    private let contents = UncheckedCell(Contents())

    var batch: RequestBatch {
        _read { yield contents.value.batch }
        _modify { yield &contents.value.batch }
    }
    var requests: [ParsedRequest] {
        _read { yield contents.value.requests }
        _modify { yield &contents.value.requests }
    }
    /// The first request that was not executed.
    var next: Int {
        get { contents.value.next }
        set { contents.value.next = newValue }
    }
    /// Whose requests they are, while there are any. It holds the burst, and outlives its execution.
    var connection: Connection! {
        get { contents.value.connection }
        set { contents.value.connection = newValue }
    }

    func clear() {
        requests.removeAll(keepingCapacity: true)
        batch.removeAll()
        next = 0
        connection = nil
    }
}
