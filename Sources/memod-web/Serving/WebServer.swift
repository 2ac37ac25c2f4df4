internal import Glibc
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import Synchronization

/// Serves the page, the figures and the metrics.
struct WebServer {
    let daemon: DaemonFigures
    let address: ListenAddress
    let token: Token?
    /// Ends after so long without a request.
    let idleExit: Duration?

    private static let connectionsMax = 256
    private static let idleTimeout = TimeAmount.seconds(75)

    func run() async throws {
        var logger = Logger(label: "memod-web")
        logger.logLevel = .error
        let activity = Activity()
        let responder = LateResponder()
        let application = Application(
            responder: responder,
            server: .http1(configuration: .init(idleTimeout: Self.idleTimeout)),
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port),
                availableConnectionsDelegate: MaximumAvailableConnections(Self.connectionsMax, logger: logger)
            ),
            onServerRunning: { [address, token, daemon] channel in
                let bound = ListenAddress(
                    host: address.host, port: channel.localAddress?.port ?? address.port)
                responder.set(
                    WebResponder(
                        daemon: daemon, guardian: AccessGuard(address: bound, token: token),
                        activity: activity))
                announce(bound)
            },
            logger: logger)
        do {
            if let idleExit {
                try await withThrowingTaskGroup { group in
                    group.addTask { try await application.runService() }
                    group.addTask { await activity.waitForSilence(of: idleExit) }
                    _ = try await group.next()
                    group.cancelAll()
                }
            } else {
                try await application.runService()
            }
        } catch let error as IOError {
            throw WebError(
                message: "cannot listen at \(address): \(String(cString: strerror(error.errnoCode)))")
        }
    }

    /// The line that is waited for; whoever reads it may open the address.
    private func announce(_ address: ListenAddress) {
        let line = Array("http://\(address)/\(token.map { "?token=\($0.text)" } ?? "")\n".utf8)
        _ = write(STDOUT_FILENO, line, line.count)
    }
}

/// When there was a request last.
final class Activity: Sendable {
    private let last = Mutex(ContinuousClock.now)

    func note() { last.withLock { $0 = .now } }

    func waitForSilence(of duration: Duration) async {
        while !Task.isCancelled {
            let left = duration - (ContinuousClock.now - last.withLock { $0 })
            if left <= .zero { return }
            try? await Task.sleep(for: left)
        }
    }
}

/// The port, which a request has to name, is known only once the server runs.
final class LateResponder: HTTPResponder {
    private let responder = Mutex<WebResponder?>(nil)

    func set(_ responder: WebResponder) { self.responder.withLock { $0 = responder } }

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        guard let responder = responder.withLock({ $0 }) else { return Response(status: .serviceUnavailable) }
        return await responder.response(to: request)
    }
}
