internal import MemoStore
internal import MemoWire
internal import Platform

/// What operations share: refusals, waits for the writer, and replies that wait for a commit.
extension Dispatcher {
    /// Answers `busy` in the place of a large reply if there is no memory for it, because peers do not read.
    func refusesReply(of bytes: Int, _ request: Request, _ context: Context) -> Bool {
        guard !context.connection.mayOwe(bytes) else { return false }
        fail(request, .busy, Self.noMemoryForReplies, context)
        return true
    }

    static let noMemoryForReplies =
        "replies that no one reads take all the memory there is for them; try again"

    func fail(_ request: Request, _ code: ErrorCode, _ message: String, _ context: Context) {
        ReplyWriter.fail(request.id, code, message, into: &context.connection.output)
    }

    /// Holds the reply just written back until all changes made so far are committed.
    func gate(_ core: inout StoreCore, _ request: Request, _ context: Context) {
        context.connection.gate(from: context.replyStart, sequence: core.needCommit(), id: request.id)
    }

    /// Whether a write has to wait for the writer: suspended then, and `busy` after a while.
    /// - Parameter bytes: of keys and values that it would store.
    func waitsForRoom(
        _ core: inout StoreCore, _ request: Request, adding bytes: @autoclosure () -> Int, _ context: Context
    ) -> Step? {
        let connection = context.connection
        guard core.isQueueFull, core.isQueueFull(for: connection.writer, adding: bytes()) else {
            connection.stateIfAny?.roomSince = nil
            return nil
        }
        let now = BootClock.nowMs
        let state = connection.state
        if connection.isPeerGone || drains { return nil }
        if let since = state.roomSince, now - since >= Self.patienceMs {
            state.roomSince = nil
            fail(request, .busy, "the disk is behind with writing; try again", context)
            return .done
        }
        if state.roomSince == nil { state.roomSince = now }
        core.waitForRoom(connection.id)
        connection.deadline = (state.roomSince ?? now) + Self.patienceMs
        return .suspended
    }

    /// What has to reach the disk before it is answered is refused while the disk takes nothing and no more can
    /// be kept for later.
    func refusesChange(_ core: borrowing StoreCore, _ request: Request, _ context: Context) -> Step? {
        guard let why = core.refusesChanges else { return nil }
        fail(request, .storage, "nothing was changed: \(why)", context)
        return .done
    }
}

extension Connection {
    var writer: QueueWriter { QueueWriter(connection: id, uid: uid) }
}

extension ReplyWriter {
    /// `,"name":` and a number, or null.
    static func field(_ name: StaticString, optional value: Int64?, into output: inout ByteBuffer) {
        if let value {
            field(name, value, into: &output)
        } else {
            beginField(name, into: &output)
            output.append("null")
        }
    }
}
