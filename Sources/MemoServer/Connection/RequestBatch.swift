internal import MemoWire

/// Requests that were read together from one connection, with the memory that their fields point into. Touched by the
/// loop's thread, but while a worker has it: overlapping accesses are not looked for at run time.
package final class RequestBatch {
    @exclusivity(unchecked) var parser = RequestParser()
    @exclusivity(unchecked) var requests = RequestList()
    /// The first request that was not executed.
    @exclusivity(unchecked) var next = 0
    /// A worker has read it: it may have taken much memory.
    @exclusivity(unchecked) var wasApart = false
    /// The line that a worker reads: nothing else touches the batch or the connection's input meanwhile.
    @exclusivity(unchecked) var line = Bytes(start: nil, count: 0)
    /// What a worker has made of large values for the executor, by the entries' numbers.
    @exclusivity(unchecked) package var prepared: [Int: AnyObject] = [:]
    /// Whose requests they are, while there are any: the connection holds the batch, not the other way round.
    var owner: Unmanaged<Connection> {
        @inline(__always) get { anyOwner.unsafelyUnwrapped }
        @inline(__always) set { anyOwner = newValue }
    }
    @exclusivity(unchecked) private var anyOwner: Unmanaged<Connection>?

    func clear() {
        requests.removeAll()
        parser.removeAll()
        next = 0
        if wasApart {
            wasApart = false
            line = Bytes(start: nil, count: 0)
            prepared = [:]
        }
        anyOwner = nil
    }
}
