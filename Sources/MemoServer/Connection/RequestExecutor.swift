/// Executes the requests that event loops read. Called on the thread of the connection's loop.
package protocol RequestExecutor: AnyObject, Sendable {
    /// Executes the requests of the first batches in order, from `next` on, appends their replies, whole lines, to the
    /// output of its connection, and moves `next` behind those that were executed.
    ///
    /// Views within the requests hold during the call, and until all the batch is executed.
    ///
    /// Where `next` does not reach the end the connection is suspended, and this is called again with the same
    /// batch: after a `resume` message, at `connection.deadline`, when a full output has drained, when the peer is
    /// gone, and when the server drains. It may also be called without any of these. Where it sets
    /// `connection.hasYielded`, it is called again when the others have had their turn.
    /// - Parameter batches: of different connections, which their owner keeps alive; not empty.
    /// - Returns: how many of them were given their turn, at least one: not all where the replies get large.
    func execute(_ batches: UnsafeBufferPointer<Unmanaged<RequestBatch>>) -> Int

    /// Does what takes long of a batch that was read by a worker, on the worker's thread.
    func prepare(_ batch: RequestBatch)

    /// No request follows those executed so far and the one the connection is suspended in; called once.
    /// Where `connection.isPeerGone`, no one is left to read replies, and `execute` must not wait for a lease.
    func inputEnded(_ connection: Connection)

    /// The connection is gone; called once, after which no other call concerns it.
    func closed(_ connection: Connection)

    /// What the first loop watches beside its connections, if anything: `receive` is called when it is readable.
    var readiness: Int32? { get }
    func receive()
}

extension RequestExecutor {
    package var readiness: Int32? { nil }
    package func receive() {}
    package func prepare(_ batch: RequestBatch) {}
}
