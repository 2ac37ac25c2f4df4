internal import MemoWire

/// Requests that were read together, with the memory that their fields point into. The loop fills one again and
/// again; a connection that is suspended takes it along.
final class Burst {
    private struct Contents: ~Copyable {
        var batch = RequestBatch()
        var requests: [ParsedRequest] = []
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
    var next = 0

    func clear() {
        requests.removeAll(keepingCapacity: true)
        batch.removeAll()
        next = 0
    }
}
