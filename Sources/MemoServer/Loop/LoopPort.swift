internal import Platform
internal import Synchronization

/// What other threads see of an event loop.
final class LoopPort: Sendable {
    let index: Int
    let mailbox: Mailbox
    let poolCounters = BufferPool.Counters()
    let connectionCount = Atomic<Int>(0)
    /// The last heartbeat that the loop has answered.
    let heartbeat = Atomic<UInt64>(0)

    init(index: Int, limits: Limits) throws(SystemError) {
        self.index = index
        mailbox = try Mailbox(limits: limits)
    }
}
