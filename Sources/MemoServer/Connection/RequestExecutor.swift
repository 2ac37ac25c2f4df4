public import MemoWire

/// Executes the requests that event loops read. Called on the thread of the connection's loop.
public protocol RequestExecutor: AnyObject, Sendable {
    /// Executes `requests[first...]` in order and appends their replies, whole lines, to `connection.output`.
    ///
    /// Views within the requests hold during the call, and until all the burst is executed.
    /// - Returns: how many were executed. Fewer than all: the connection is suspended, and this is called again
    ///   with the same requests from the first that was not executed: after a `resume` message, at
    ///   `connection.deadline`, when a full output has drained, when the peer is gone, and when the server
    ///   drains. It may also be called without any of these.
    func execute(
        _ requests: inout [ParsedRequest], from first: Int, batch: borrowing RequestBatch,
        for connection: Connection
    ) -> Int

    /// No request follows those executed so far and the one the connection is suspended in; called once.
    /// Where `connection.isPeerGone`, nobody is left to read replies, and `execute` must not wait for a lease.
    func inputEnded(_ connection: Connection)

    /// The connection is gone; called once, after which no other call concerns it.
    func closed(_ connection: Connection)
}
