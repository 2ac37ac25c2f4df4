internal import NIOCore
internal import RemoteTier

/// Why a command has no answer.
enum RedisFailure: Error {
    /// The server said no.
    case refused(RespError)
    /// The connection is gone or was never there, or the server is known not to answer in time.
    case unavailable
}

typealias RedisReply = Result<RespValue, RedisFailure>

/// One connection to a server: commands are pipelined, and replies come in their order.
final class RedisConnection: ChannelInboundHandler, @unchecked Sendable {  // Touched on its event loop only.
    typealias InboundIn = ByteBuffer

    private struct Pending {
        let sent: NIODeadline
        let bytes: Int
        let reply: Reply
    }

    private enum Reply {
        case one((RedisReply) -> Void)
        case two((RedisReply, RedisReply) -> Void)
        case pairs(Pairs)
    }

    /// Pairs of commands that were sent together. Each is answered once both of its replies are there.
    private final class Pairs {
        let count: Int
        private let reply: (Int, RedisReply, RedisReply) -> Void
        private var next = 0
        private var half: RedisReply?

        init(count: Int, reply: @escaping (Int, RedisReply, RedisReply) -> Void) {
            self.count = count
            self.reply = reply
        }

        var awaitsLast: Bool { next == count - 1 && half != nil }

        func answered(_ answer: RedisReply) {
            guard let first = exchange(&half, with: nil) else {
                half = answer
                return
            }
            next += 1
            reply(next - 1, first, answer)
        }

        func fail() {
            half = nil
            while next < count {
                next += 1
                reply(next - 1, .failure(.unavailable), .failure(.unavailable))
            }
        }
    }

    let eventLoop: any EventLoop
    private var channel: (any Channel)?
    private var parser = RespParser()
    private var pending = CircularBuffer<Pending>()
    /// The answer to the first of two commands that are answered together.
    private var half: RedisReply?
    private var outgoing: [UInt8] = []
    private var isFlushScheduled = false
    private(set) var isClosed = false
    /// Of commands that are not answered.
    private var pendingBytes = 0
    private var lastRead = NIODeadline.now()
    /// Called once, with the reason.
    var onClose: ((String) -> Void)?
    /// Called for what the server says without being asked.
    var onPush: (() -> Void)?

    /// A server that answers nothing for this long is given up.
    private static let silence = TimeAmount.seconds(1)
    /// Longer, if much has to be sent first over a slow line.
    private static let silenceMax = TimeAmount.seconds(10)
    private static let slowBytesPerMs = 256
    /// What is not kept back until the end of the loop's turn.
    private static let flushedAtOnce = 32 << 10

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// When the oldest command that is not answered was sent.
    var oldest: NIODeadline? { pending.first?.sent }

    /// Whether it was asked something, and has not said a word for too long.
    var isSilent: Bool {
        guard let oldest else { return false }
        let slow = TimeAmount.milliseconds(Int64(pendingBytes / Self.slowBytesPerMs))
        return NIODeadline.now() - max(oldest, lastRead) > min(Self.silence + slow, Self.silenceMax)
    }

    /// Sends a command at the end of the loop's turn, with the others of it.
    /// - Parameter reply: called once, never before this returns.
    func send(_ command: RespCommand, _ reply: @escaping (RedisReply) -> Void) {
        send(.one(reply)) { command.encode(into: &$0) }
    }

    /// Sends two that are answered together.
    func send(
        _ first: RespCommand, _ second: RespCommand, _ reply: @escaping (RedisReply, RedisReply) -> Void
    ) {
        send(.two(reply)) {
            first.encode(into: &$0)
            second.encode(into: &$0)
        }
    }

    /// Asks for entries and for the time that each has left.
    /// - Parameter reply: called once for each, by its place, never before this returns.
    func send(
        entries names: some Collection<[UInt8]>, _ reply: @escaping (Int, RedisReply, RedisReply) -> Void
    ) {
        guard !names.isEmpty else { return }
        send(.pairs(Pairs(count: names.count, reply: reply))) { bytes in
            for name in names {
                RespCommand.encode("GET", name, into: &bytes)
                RespCommand.encode("PTTL", name, into: &bytes)
            }
        }
    }

    private func send(_ reply: Reply, _ encode: (inout [UInt8]) -> Void) {
        guard !isClosed else {
            return eventLoop.assumeIsolated().execute { Self.fail(reply) }
        }
        let before = outgoing.count
        encode(&outgoing)
        let bytes = outgoing.count - before
        pending.append(Pending(sent: .now(), bytes: bytes, reply: reply))
        pendingBytes += bytes
        // The server has something to do while more is made.
        if outgoing.count >= Self.flushedAtOnce { return flush() }
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        eventLoop.assumeIsolated().execute {
            self.isFlushScheduled = false
            self.flush()
        }
    }

    private static func fail(_ reply: Reply) {
        switch reply {
        case .one(let reply): reply(.failure(.unavailable))
        case .two(let reply): reply(.failure(.unavailable), .failure(.unavailable))
        case .pairs(let pairs): pairs.fail()
        }
    }

    /// The same, and closes the connection if no answer comes in time.
    func ask(_ command: RespCommand, _ reply: @escaping (RedisReply) -> Void) {
        let timeout = eventLoop.assumeIsolated().scheduleTask(in: Self.silence) { [weak self] in
            self?.close("it does not answer")
        }
        send(command) { answer in
            timeout.cancel()
            reply(answer)
        }
    }

    /// Sends a command that is answered by pushes.
    func post(_ command: RespCommand) {
        command.encode(into: &outgoing)
        flush()
    }

    private func flush() {
        guard let channel, !outgoing.isEmpty else { return }
        let bytes = channel.allocator.buffer(bytes: outgoing)
        outgoing.removeAll(keepingCapacity: outgoing.capacity <= 64 << 10)
        channel.writeAndFlush(bytes, promise: nil)
    }

    func close(_ reason: String) {
        guard !isClosed else { return }
        isClosed = true
        channel?.close(promise: nil)
        let waiting = pending
        pending.removeAll()
        let told = onClose
        onClose = nil
        onPush = nil
        // What a reply leads to must not happen within what led here.
        eventLoop.assumeIsolated().execute {
            for command in waiting { Self.fail(command.reply) }
            told?(reason)
        }
    }

    // MARK: the channel

    func handlerAdded(context: ChannelHandlerContext) { channel = context.channel }

    func channelActive(context: ChannelHandlerContext) { flush() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        unwrapInboundIn(data).withUnsafeReadableBytes { parser.append($0) }
        lastRead = .now()
        do {
            while let value = try parser.next() {
                if case .push = value {
                    onPush?()
                    continue
                }
                answered(value)
                if isClosed { return }
            }
        } catch {
            close("it does not speak Redis' protocol: \(error)")
        }
    }

    private func answered(_ value: RespValue) {
        guard let command = pending.first else { return close("it answers what was not asked") }
        let answer: RedisReply
        if case .error(let error) = value {
            answer = .failure(.refused(error))
        } else {
            answer = .success(value)
        }
        switch command.reply {
        case .one(let reply):
            forget(command)
            reply(answer)
        case .two(let reply):
            guard let first = exchange(&half, with: nil) else {
                half = answer
                return
            }
            forget(command)
            reply(first, answer)
        case .pairs(let pairs):
            if pairs.awaitsLast { forget(command) }
            pairs.answered(answer)
        }
    }

    private func forget(_ command: Pending) {
        pending.removeFirst()
        pendingBytes -= command.bytes
    }

    func channelInactive(context: ChannelHandlerContext) { close("it closed the connection") }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { close(Reason.text(error)) }
}
