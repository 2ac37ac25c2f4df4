internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import RemoteLink
internal import RemoteTier

/// Opens connections. One is there when the server has answered HELLO, not when it accepted.
struct Connector: Sendable {
    let settings: ServerSettings
    let eventLoop: any EventLoop

    /// How long connecting may take, and as long again the first answer.
    static let patience = TimeAmount.seconds(1)

    func connect(to place: ServerAddress.Place, isSentinel: Bool = false) -> EventLoopFuture<RedisConnection>
    {
        let eventLoop = eventLoop
        let connection = RedisConnection(eventLoop: eventLoop)
        let tls = settings.tls
        let bootstrap = ClientBootstrap(group: eventLoop).connectTimeout(Self.patience)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls, case .tcp(let host, _) = place {
                        // A certificate is for a name, or for the address that was connected to.
                        let name =
                            host.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) }
                                || host.contains(":") ? nil : host
                        try channel.pipeline.syncOperations.addHandler(
                            try NIOSSLClientHandler(context: tls, serverHostname: name))
                    }
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            }
        let connected: EventLoopFuture<any Channel>
        switch place {
        case .tcp(let host, let port):
            connected = bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: host, port: port)
        case .unix(let path): connected = bootstrap.connect(unixDomainSocketPath: path)
        }
        return connected.hop(to: eventLoop).flatMap { _ in
            let promise = eventLoop.makePromise(of: RedisConnection.self)
            greet(connection, promise, isSentinel: isSentinel)
            return promise.futureResult
        }
    }

    private func greet(
        _ connection: RedisConnection, _ promise: EventLoopPromise<RedisConnection>, isSentinel: Bool
    ) {
        var reason = "it did not answer in time"
        let timeout = eventLoop.assumeIsolated().scheduleTask(in: Self.patience) { connection.close(reason) }
        connection.onClose = {
            timeout.cancel()
            promise.fail(Reason.Refusal(description: $0))
        }
        func refuse(_ why: String) {
            reason = why
            connection.close(why)
        }
        func done() {
            timeout.cancel()
            connection.onClose = nil
            promise.succeed(connection)
        }
        /// Sentinels mostly have no password of their own.
        func hello(isNamed: Bool) {
            var arguments = ["3".wire]
            if isNamed, let password = settings.password {
                arguments += ["AUTH".wire, (settings.address.user ?? "default").wire, password]
            }
            connection.send(RespCommand(name: "HELLO", arguments: arguments)) { answered($0, isNamed) }
        }
        func answered(_ reply: RedisReply, _ isNamed: Bool) {
            switch reply {
            case .failure(.refused(let error)):
                if !isNamed, error.code == "NOAUTH", settings.password != nil { return hello(isNamed: true) }
                refuse(Self.explain(error, hasPassword: settings.password != nil))
            case .failure(.unavailable): break
            case .success(let greeting):
                guard greeting.member("proto")?.integer == 3 else {
                    return refuse("it does not speak RESP3: Redis 6, or Valkey, is the oldest that serves")
                }
                guard settings.address.database > 0, !isSentinel else { return done() }
                connection.send(RespCommand("SELECT", settings.address.database.wire)) { reply in
                    switch reply {
                    case .success: done()
                    case .failure(.refused(let error)): refuse("the database of the URL: \(error)")
                    case .failure(.unavailable): break
                    }
                }
            }
        }
        hello(isNamed: !isSentinel)
    }

    private static func explain(_ error: RespError, hasPassword: Bool) -> String {
        switch error.code {
        case "NOAUTH":
            hasPassword
                ? "\(error)"
                : "it wants a password; name the file that has it with --remote-password-file "
                    + "(memod-remote's own: --password-file)"
        case "WRONGPASS": "it does not accept the user and the password in the password file"
        case "ERR" where error.message.contains("unknown command"):
            "it does not speak RESP3: Redis 6, or Valkey, is the oldest that serves"
        default: "\(error)"
        }
    }
}
