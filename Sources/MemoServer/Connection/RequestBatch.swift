internal import MemoWire

/// Requests that were read together from one connection, with the memory that their fields point into.
package final class RequestBatch {
    private let parserCell = UncheckedCell(RequestParser())
    private let requestsCell = UncheckedCell(RequestList())
    private let nextCell = UncheckedCell(0)
    private let ownerCell = UncheckedCell<Unmanaged<Connection>?>(nil)

    var parser: RequestParser {
        @inline(__always) unsafeAddress { UnsafePointer(parserCell.pointer) }
        @inline(__always) unsafeMutableAddress { parserCell.pointer }
    }
    var requests: RequestList {
        @inline(__always) unsafeAddress { UnsafePointer(requestsCell.pointer) }
        @inline(__always) unsafeMutableAddress { requestsCell.pointer }
    }
    /// The first request that was not executed.
    var next: Int {
        @inline(__always) get { nextCell.value }
        @inline(__always) set { nextCell.value = newValue }
    }
    /// A worker has read it: it may have taken much memory.
    var wasApart = false
    /// The line that a worker reads: nothing else touches the batch or the connection's input meanwhile.
    var line = Bytes(start: nil, count: 0)
    /// What a worker has made of large values for the executor, by the entries' numbers.
    package var prepared: [Int: AnyObject] = [:]
    /// Whose requests they are, while there are any: the connection holds the batch, not the other way round.
    var owner: Unmanaged<Connection> {
        @inline(__always) get { ownerCell.value.unsafelyUnwrapped }
        @inline(__always) set { ownerCell.value = newValue }
    }

    func clear() {
        requests.removeAll()
        parser.removeAll()
        next = 0
        if wasApart {
            wasApart = false
            line = Bytes(start: nil, count: 0)
            prepared = [:]
        }
        ownerCell.value = nil
    }
}
