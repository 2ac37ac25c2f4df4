internal import Glibc
package import Logging
internal import NIOCore
internal import NIOPosix
package import RemoteTier

/// The helper's process: serves memods, each with connections of its own to the servers, on one event loop.
package final class Helper: Sendable {
    private let settings: ServerSettings
    private let keys: SealingKeys?
    private let logger: Logger
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    package init(settings: ServerSettings, keys: SealingKeys?, logger: Logger) {
        self.settings = settings
        self.keys = keys
        self.logger = logger
    }

    /// Serves the memod at the other end of a socket until that closes it.
    package func serve(inherited descriptor: CInt) throws {
        let ended = group.next().makePromise(of: Void.self)
        _ = try ClientBootstrap(group: group).channelInitializer { [self] channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(session { ended.succeed() })
            }
        }.withConnectedSocket(descriptor).wait()
        try ended.futureResult.wait()
    }

    /// Listens for memods until the process ends.
    /// - Parameter ready: called once connections are accepted.
    package func listen(path: String, ready: () -> Void) throws {
        let server = try bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).wait()
        ready()
        try server.closeFuture.wait()
    }

    /// The same on a socket that the service manager made.
    package func listen(inherited descriptor: CInt, ready: () -> Void) throws {
        let server = try bootstrap.withBoundSocket(descriptor).wait()
        ready()
        try server.closeFuture.wait()
    }

    private var bootstrap: ServerBootstrap {
        ServerBootstrap(group: group).childChannelInitializer { [self] channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(session {})
            }
        }
    }

    private func session(_ onEnd: @escaping @Sendable () -> Void) -> LinkSession {
        LinkSession(settings: settings, keys: keys, logger: logger, onEnd: onEnd)
    }
}
