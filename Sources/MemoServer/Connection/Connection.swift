internal import Glibc
package import MemoStore
package import MemoWire
internal import Platform

/// One client's connection. Touched only by its event loop's thread: overlapping accesses are not looked for at run time,
/// which would be some thirty times for each request and was measured as 5 % of its CPU time.
package final class Connection {
    package let id: ConnectionID
    /// The peer's user.
    package let uid: UInt32
    package let isAdministrator: Bool
    /// The process that connected, as far as the kernel says.
    let process: Int32
    /// What the client calls itself (`hello`).
    @exclusivity(unchecked) package var clientName: [UInt8] = []
    /// The executor's own: what it knows of this connection beyond a call.
    @exclusivity(unchecked) package var dispatchState: AnyObject?
    /// What the last `resume` message carried.
    @exclusivity(unchecked) package internal(set) var resumption: AnyObject?
    /// When, in milliseconds of `CLOCK_BOOTTIME`, the suspended connection is to be executed again even without
    /// a message. Cleared when that time has come.
    @exclusivity(unchecked) package var deadline: Int64?

    /// Replies in order, those not yet sent. The executor appends whole lines.
    package var output: ByteBuffer {
        @inline(__always) _read { yield replies.output }
        @inline(__always) _modify { yield &replies.output }
    }
    /// A large value that belongs at a place of `output`: sent from where it is, not copied. While there is one, no
    /// further request is executed.
    struct Attachment {
        /// What of it is not sent yet.
        var value: Bytes
        /// The part of `value` that may be sent by reference (`PagePipe`); perhaps none.
        var lentPages: Bytes
        /// How many bytes of `output` go before it.
        var position: Int
        var count: Int { value.count }

        /// This many bytes before it were sent, and of it.
        mutating func advance(before: Int, within: Int) {
            position -= before
            value = Bytes(rebasing: value[within...])
            guard lentPages.count > 0, let start = value.baseAddress, let pages = lentPages.baseAddress,
                start > pages
            else { return }
            // The pipe takes a part of a page, too.
            lentPages = Bytes(rebasing: lentPages[min(lentPages.count, start - pages)...])
        }
        /// Called once, when the value is needed no more.
        var release: () -> Void
    }
    @exclusivity(unchecked) var attachment: Attachment?
    /// Descriptors that go with the first byte of the output.
    @exclusivity(unchecked) var parcel: DescriptorParcel?
    /// Whether the peer's process has mapped its region, as of a generation of all that have.
    @exclusivity(unchecked) var regionGeneration: UInt32 = 0
    @exclusivity(unchecked) var hasMappedRegion = false
    /// Lets go of what is attached, unsent.
    func dropAttachment() {
        if let dropped = attachment { dropped.release() }
        attachment = nil
    }
    /// Whether all of the output may be sent at once.
    var isFree: Bool {
        attachment == nil && parcel == nil && !isPeerGone && !session.isBlocked && replies.gateCount == 0
    }

    /// Attaches a value at the end of the output. There must be none yet, and a peer.
    func attach(_ value: Bytes, lentPages: Bytes, _ release: @escaping () -> Void) {
        precondition(attachment == nil && !isPeerGone)
        attachment = Attachment(
            value: value, lentPages: lentPages, position: output.count, release: release)
    }
    /// The executor was not through with a request, or with the batch, and goes on when others have had their turn.
    @exclusivity(unchecked) package var hasYielded = false
    /// What it asked for lately took more than its share: it is served behind the others, as time permits.
    var isDear: Bool { dearBatches > 0 }
    /// For how many more batches that is so.
    @exclusivity(unchecked) private var dearBatches = 0

    /// Takes note that it took more than its share, or that a batch has ended within it.
    @inline(__always)
    func note(isDear: Bool) {
        if isDear { dearBatches = Self.dearBatchesMax } else if dearBatches > 0 { dearBatches -= 1 }
    }

    private static let dearBatchesMax = 8
    /// Whether the executor has to stop before the next request, because the peer does not read what it asked for;
    /// it is called again when that is over.
    @inline(__always)
    package func mustPause() -> Bool {
        replies.output.count >= limits.smallOutputBytes && holdsFullOutput()
    }
    private func holdsFullOutput() -> Bool {
        let count = replies.output.count
        guard !isPeerGone, count >= limits.outputHighWater || !mayOwe(count) else { return false }
        session.fillOutput()
        return true
    }
    /// Whether it may have so much output that is not sent: less where all connections, or those of its user, have as
    /// much as they may.
    func mayOwe(_ bytes: Int) -> Bool {
        bytes < limits.smallOutputBytes || isPeerGone
            || !quotas.isOutputOver(user: uid, isAdministrator: isAdministrator)
    }
    /// The peer has closed the connection: replies are dropped.
    package var isPeerGone: Bool { session.isPeerGone }
    /// Drops what no one will read.
    func dropReplies() {
        dropAttachment()
        replies.discard()
    }

    let descriptor: Int32
    private let limits: (outputHighWater: Int, smallOutputBytes: Int)
    private unowned let quotas: Quotas
    private unowned let watermark: CommitWatermark

    /// What was read and not yet executed.
    @exclusivity(unchecked) var input = ByteBuffer()
    @exclusivity(unchecked) var framer: LineFramer
    @exclusivity(unchecked) var replies = ReplyQueue()
    /// Where it stands, and what is to be done for it.
    @exclusivity(unchecked) var session: Session
    /// What there is to be sent.
    var pending: Session.Output {
        @inline(__always) get {
            Session.Output(
                unsent: replies.output.count, gates: replies.gateCount, isAttached: attachment != nil)
        }
    }
    /// The requests it was suspended in.
    @exclusivity(unchecked) var batch: RequestBatch?

    /// Whether the buffers came from the loop's pool.
    @exclusivity(unchecked) var isInputPooled = false
    @exclusivity(unchecked) var isOutputPooled = false
    /// It is in the loop's list of connections with closed gates.
    @exclusivity(unchecked) var isListedAsGated = false
    /// When it is closed for not reading.
    @exclusivity(unchecked) var stallDeadline: Int64?
    /// What the loop's heap has.
    @exclusivity(unchecked) var armedDeadline: Int64?
    /// What the executor has of the reply to the request that it is suspended in: counted as unsent output.
    @exclusivity(unchecked) var unfinishedReplyBytes = 0
    /// What the quotas have counted.
    @exclusivity(unchecked) var countedInput = 0
    @exclusivity(unchecked) var countedOutput = 0

    /// Whether nothing is left of what was asked for, nor counted or armed for it.
    @inline(__always)
    var isAtRest: Bool {
        session.isAtRest && pending.isEmpty && replies.gateCount == 0 && input.isEmpty && countedInput == 0
            && countedOutput == 0 && unfinishedReplyBytes == 0 && stallDeadline == nil && armedDeadline == nil
    }

    init(
        id: ConnectionID, socket: AcceptedSocket, limits: Limits, lineLimit: Int, quotas: Quotas,
        watermark: CommitWatermark
    ) {
        self.id = id
        descriptor = socket.descriptor
        uid = socket.peer.user
        process = socket.peer.process
        isAdministrator = socket.isAdministrator
        self.limits = (limits.outputHighWater, min(limits.smallOutputBytes, limits.outputHighWater))
        self.quotas = quotas
        framer = LineFramer(limit: lineLimit)
        session = Session(gatesMax: limits.gatesPerConnection, lowWater: limits.outputLowWater)
        self.watermark = watermark
    }

    /// Holds back the last reply, and all behind it, until the commit with this number. Does nothing where that
    /// was decided before.
    /// - Parameters:
    ///   - offset: where in `output` the reply begins; it ends at its end.
    ///   - sequence: never less than that of an earlier call.
    ///   - id: the request's, for the `storage` error that takes the reply's place if the commit fails.
    package func gate(from offset: Int, sequence: UInt64, id: Bytes?) {
        guard sequence > watermark.through else { return }
        replies.gate(from: offset, sequence: sequence, id: id)
    }
}
