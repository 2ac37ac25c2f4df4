/// Every limit of the server that is not a setting. What the wire limits is in `WireLimits`.
public struct Limits: Sendable {
    // MARK: a connection

    /// Bytes taken from a socket at once, and the size of a pooled buffer.
    public var readBytes = 64 << 10
    /// Requests of a connection that are parsed and executed at once; the rest waits for the loop's next turn.
    public var requestsPerBurst = 256
    /// Unsent output from which on a connection is not read and its requests are not executed.
    public var outputHighWater = 8 << 20
    /// Unsent output down to which it must fall before reading goes on.
    public var outputLowWater = 1 << 20
    /// Unsent output from which on events of subscriptions are dropped.
    public var eventHighWater = 4 << 20
    /// How long a peer may read nothing while its output holds up its requests, before it is disconnected.
    public var stalledPeerMs: Int64 = 30_000
    /// Replies that wait for a commit, from which on a connection is not read.
    public var gatesPerConnection = 1024

    // MARK: all connections

    /// Buffers kept between batches that are smaller are not counted in `heldInputBytes` and `heldOutputBytes`.
    public var uncountedBytes = 4096
    /// Memory of unfinished lines. A line that would exceed it is answered `busy` and skipped.
    public var heldInputBytes = 256 << 20
    /// Memory of unsent output. Beyond it no connection gets more than `smallOutputBytes`.
    public var heldOutputBytes = 256 << 20
    /// Unsent output that every connection may have, whatever the others have.
    public var smallOutputBytes = 16 << 10
    /// With isolation, what one user who is no administrator may have of the connections and of either memory:
    /// this part of the whole.
    public var shareDivisor = 2
    /// Events that wait for a loop; beyond them the subscriber is told that some were lost.
    public var mailboxEvents = 65_536
    public var mailboxEventBytes = 16 << 20

    // MARK: a loop

    /// Idle buffers that a loop keeps.
    public var pooledBuffers = 256
    /// Connections whose requests are executed together before any of them is sent its replies: sending wakes a
    /// client, which competes for the processor. More would keep the first of them waiting.
    public var burstsAtOnce = 64
    /// Requests from which on no further connection's are added to those.
    public var requestsAtOnce = 256
    /// Replies from which on those that are left wait until these are sent.
    public var replyBytesAtOnce = 128 << 10
    /// Bursts that a loop keeps for the next requests.
    public var spareBursts = 64
    /// Events taken from the kernel at once.
    public var eventsPerTurn = 256
    /// Connections accepted at once.
    public var acceptsPerTurn = 64
    /// How long accepting pauses when there are no descriptors left.
    public var acceptPauseMs: Int64 = 100
    /// How long, and how many at a time, refused connections stay open for their peers to read why.
    public var refusalMs: Int64 = 1000
    public var refusals = 64
    /// The longest sleep while a deadline is ahead: the kernel's sleep does not count the machine's own.
    public var sleepMs: Int64 = 1000
    /// Connections waiting to be accepted.
    public var backlog: Int32 = 4096

    // MARK: the end

    /// How long a drain may take before the connections that are left are closed.
    public var drainMs: Int64 = 10_000

    public init() {}
}
