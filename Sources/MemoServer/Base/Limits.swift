/// Every limit of the server that is not a setting. What the wire limits is in `WireLimits`.
package struct Limits: Sendable {
    // MARK: a connection

    /// Bytes taken from a socket at once, and the size of a pooled buffer.
    package var readBytes = 64 << 10
    /// Requests of a connection that are parsed and executed at once; the rest waits for the loop's next turn.
    package var requestsPerBatch = 256
    /// Longer lines are read by a worker: reading one takes long, and others would wait for it.
    package var inlineLineBytes = 64 << 10
    /// The same of keys that have to be rewritten, the bytes of all of a batch.
    package var inlineKeyBytes = 8 << 10
    /// Unsent output from which on a connection is not read and its requests are not executed.
    package var outputHighWater = 8 << 20
    /// Unsent output down to which it must fall before reading goes on.
    package var outputLowWater = 1 << 20
    /// Bytes given to a socket at once. A peer that reads meanwhile makes room for ever more of them.
    package var sendBytes = 128 << 10
    /// Unsent output from which on events of subscriptions are dropped.
    package var eventHighWater = 4 << 20
    /// How long a peer may read nothing while its output holds up its requests, before it is disconnected.
    package var stalledPeerMs: Int64 = 30_000
    /// Replies that wait for a commit, from which on a connection is not read.
    package var gatesPerConnection = 1024

    // MARK: all connections

    /// Buffers kept between batches that are smaller are not counted in `heldInputBytes` and `heldOutputBytes`.
    package var uncountedBytes = 4096
    /// Memory of unfinished lines. A line that would exceed it is answered `busy` and skipped.
    package var heldInputBytes = 256 << 20
    /// Memory of unsent output. Beyond it no connection gets more than `smallOutputBytes`.
    package var heldOutputBytes = 256 << 20
    /// Unsent output that every connection may have, whatever the others have.
    package var smallOutputBytes = 16 << 10
    /// With isolation, what one user who is no administrator may have of the connections and of either memory:
    /// this part of the whole.
    package var shareDivisor = 2
    /// Events that wait for a loop; beyond them the subscriber is told that some were lost.
    package var mailboxEvents = 65_536
    package var mailboxEventBytes = 16 << 20

    // MARK: a loop

    /// Idle buffers that a loop keeps.
    package var pooledBuffers = 256
    /// Connections whose requests are executed together before any of them is sent its replies: sending wakes a
    /// client, which competes for the processor. More would keep the first of them waiting.
    package var batchesAtOnce = 64
    /// Requests from which on no further connection's are added to those.
    package var requestsAtOnce = 256
    /// Replies from which on those that are left wait until these are sent.
    package var replyBytesAtOnce = 128 << 10
    /// How long those are served in a turn, one by one, who take more than their share.
    package var dearTurnNs: UInt64 = 500_000
    /// The same of events for subscribers.
    package var eventTurnNs: UInt64 = 300_000
    /// Threads that read large lines and write long listings.
    package var workers = 2
    /// Batches that a loop keeps for the next requests.
    package var spareBatches = 64
    /// Events taken from the kernel at once.
    package var eventsPerTurn = 256
    /// Connections accepted at once.
    package var acceptsPerTurn = 64
    /// How long accepting pauses when there are no descriptors left.
    package var acceptPauseMs: Int64 = 100
    /// How long, and how many at a time, refused connections stay open for their peers to read why.
    package var refusalMs: Int64 = 1000
    package var refusals = 64
    /// The longest sleep while a deadline is ahead: the kernel's sleep does not count the machine's own.
    package var sleepMs: Int64 = 1000
    /// Connections waiting to be accepted.
    package var backlog: Int32 = 4096

    // MARK: the end

    /// How long a peer may read nothing of what it was sent before it is disconnected, in a drain.
    package var drainStallMs: Int64 = 1000
    /// How long a drain may take before the connections that are left are closed.
    package var drainMs: Int64 = 10_000

    package init() {}
}
