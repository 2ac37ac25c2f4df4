internal import Glibc
public import MemoWire

/// One client's connection. Touched by its event loop's thread alone.
public final class Connection {
    public let id: ConnectionID
    /// The peer's user.
    public let uid: UInt32
    public let isAdministrator: Bool
    /// What the client calls itself (`hello`).
    public var clientName: [UInt8] = []
    /// The executor's own: what it knows of this connection beyond a call.
    public var dispatchState: AnyObject?
    /// What the last `resume` message carried.
    public internal(set) var resumption: AnyObject?
    /// When, in milliseconds of `CLOCK_BOOTTIME`, the suspended connection is to be executed again even without
    /// a message. Cleared when that time has come.
    public var deadline: Int64?

    /// Replies in order, those not yet sent. The executor appends whole lines.
    public var output: ByteBuffer {
        @inline(__always) _read { yield buffers.value.replies.output }
        @inline(__always) _modify { yield &buffers.value.replies.output }
    }
    /// The executor stops before the next request: the peer does not read what it asked for.
    public var isOutputFull: Bool { buffers.value.replies.output.count >= outputHighWater }
    /// The peer has closed the connection: replies are dropped.
    public internal(set) var isPeerGone = false

    let descriptor: Int32
    private let outputHighWater: Int
    private unowned let horizon: CommitHorizon

    private struct Buffers: ~Copyable {
        var input = ByteBuffer()
        var framer: LineFramer
        var replies = ReplyQueue()
    }

    private let buffers: UncheckedCell<Buffers>

    /// What was read and not yet executed.
    var input: ByteBuffer {
        @inline(__always) _read { yield buffers.value.input }
        @inline(__always) _modify { yield &buffers.value.input }
    }
    var framer: LineFramer {
        @inline(__always) get { buffers.value.framer }
        @inline(__always) _modify { yield &buffers.value.framer }
    }
    var replies: ReplyQueue {
        @inline(__always) _read { yield buffers.value.replies }
        @inline(__always) _modify { yield &buffers.value.replies }
    }
    /// The requests it was suspended in.
    var burst: Burst?

    /// Whether the buffers came from the loop's pool.
    var isInputPooled = false
    var isOutputPooled = false
    /// There are whole lines behind the burst.
    var hasMoreLines = false
    /// The peer will send no more, and all it sent was read.
    var sawEnd = false
    var didNotifyEnd = false
    var isClosed = false
    /// The socket takes no more for now.
    var isBlocked = false
    /// Its output reached the high-water mark and has not yet fallen to the low one.
    var isOutputHeld = false
    /// Its output held up its requests when the loop last looked.
    var wasHeld = false
    /// It, or all connections together, hold more unsent output than they may.
    var isOverShare = false
    /// Events for it were dropped, and it has not yet been told.
    var lostEvents = false
    /// It is in the loop's list of connections with closed gates, or of those with more lines.
    var isListedAsGated = false
    var isListedAsReady = false
    /// What epoll watches, or `nil` where it does not know the connection.
    var armed: Epoll.Interest?
    var stallDeadline: Int64?
    /// What the loop's heap has.
    var armedDeadline: Int64?
    /// What the quotas have counted.
    var countedInput = 0
    var countedOutput = 0

    init(id: ConnectionID, adoption: Adoption, limits: Limits, lineLimit: Int, horizon: CommitHorizon) {
        self.id = id
        descriptor = adoption.descriptor
        uid = adoption.peer.user
        isAdministrator = adoption.isAdministrator
        outputHighWater = limits.outputHighWater
        buffers = UncheckedCell(Buffers(framer: LineFramer(limit: lineLimit)))
        self.horizon = horizon
    }

    /// Holds back the last reply, and all behind it, until the commit with this number. Does nothing where that
    /// was decided before.
    /// - Parameters:
    ///   - offset: where in `output` the reply begins; it ends at its end.
    ///   - sequence: never less than that of an earlier call.
    ///   - id: the request's, for the `storage` error that takes the reply's place if the commit fails.
    public func gate(from offset: Int, sequence: UInt64, id: Bytes?) {
        guard sequence > horizon.through else { return }
        replies.gate(from: offset, sequence: sequence, id: id)
    }
}
