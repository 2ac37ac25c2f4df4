internal import MemoWire

/// Requests that were read together, with the memory that their fields point into. The loop fills one again and
/// again; a connection that is suspended takes it along.
final class Burst {
    var batch = RequestBatch()
    var requests: [ParsedRequest] = []
    /// The first request that was not executed.
    var next = 0

    func clear() {
        requests.removeAll(keepingCapacity: true)
        batch.removeAll()
        next = 0
    }
}
