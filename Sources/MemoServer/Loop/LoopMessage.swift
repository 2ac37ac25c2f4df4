/// What any thread may send to a connection through the loop that owns it.
package enum LoopMessage: Sendable {
    /// The suspended connection is to be executed again; it finds the object in `Connection.resumption`.
    case resume((any AnyObject & Sendable)?)
    /// A worker has read the connection's large line.
    case parsed
    /// Whole lines for a subscriber, to be put among its replies, or dropped if it reads too slowly.
    case append([UInt8])
}
