internal import Logging
internal import NIOCore
internal import RemoteLink
internal import RemoteTier

/// The connection to one memod.
final class LinkSession: ChannelInboundHandler, @unchecked Sendable {  // Touched on its event loop only.
    typealias InboundIn = ByteBuffer

    private let settings: ServerSettings
    private let keys: SealingKeys?
    private let logger: Logger
    private let onEnd: @Sendable () -> Void
    private var frames = FrameBuffer()
    private var backend: Backend?
    private var channel: (any Channel)?
    private var outgoing = ByteBufferAllocator().buffer(capacity: 4096)
    private var isFlushScheduled = false

    init(
        settings: ServerSettings, keys: SealingKeys?, logger: Logger, onEnd: @escaping @Sendable () -> Void
    ) {
        self.settings = settings
        self.keys = keys
        self.logger = logger
        self.onEnd = onEnd
    }

    func handlerAdded(context: ChannelHandlerContext) { channel = context.channel }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        unwrapInboundIn(data).withUnsafeReadableBytes { frames.append($0) }
        do {
            while let frame = try frames.next() { perform(try LinkRequest(frame), context.eventLoop) }
        } catch {
            logger.error("memod's side of the link makes no sense", metadata: ["reason": "\(error)"])
            context.close(promise: nil)
        }
    }

    private func perform(_ request: LinkRequest, _ eventLoop: any EventLoop) {
        if case .hello(let hello) = request {
            backend?.stop()
            let backend = Backend(
                hello, settings: settings, keys: keys, eventLoop: eventLoop, logger: logger
            ) { [weak self] in self?.tell($0) }
            self.backend = backend
            backend.start()
        } else {
            backend?.perform(request)
        }
    }

    /// Sends at the end of the loop's turn what it told.
    private func tell(_ reply: LinkReply) {
        guard let channel else { return }
        outgoing.writeBytes(reply.frame)
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        channel.eventLoop.assumeIsolated().execute { [self] in
            isFlushScheduled = false
            let bytes = outgoing
            outgoing = channel.allocator.buffer(capacity: min(bytes.readableBytes, 64 << 10))
            channel.writeAndFlush(bytes, promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        backend?.stop()
        backend = nil
        channel = nil
        onEnd()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
