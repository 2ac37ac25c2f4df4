internal import NIOCore
internal import RemoteLink
internal import RemoteTier

/// Finds the server of a key.
protocol Router: AnyObject {
    func start()
    func stop()
    /// Called when a server comes up or goes down.
    var onChange: (() -> Void)? { get set }
    /// Whether every key has a server that is up.
    var isUp: Bool { get }
    /// Why not, for people.
    var reason: String { get }
    var servers: [RedisServer] { get }
    func read(_ name: [UInt8], _ command: RespCommand, _ reply: @escaping (RedisReply) -> Void)
    func write(_ name: [UInt8], _ command: RespCommand, _ reply: @escaping (RedisReply) -> Void)
    /// Where a connection of its own for this key goes.
    func place(of name: [UInt8]) -> ServerAddress.Place?
    /// Whether something may have been lost since the last call: a server is another one now.
    func takeLoss() -> Bool
    /// A server of the router said that it is not the right one.
    func refresh()
}

/// One server for all keys.
final class StandaloneRouter: Router, @unchecked Sendable {  // Touched on its event loop only.
    private let server: RedisServer
    var onChange: (() -> Void)? {
        didSet { server.onChange = onChange }
    }

    init(place: ServerAddress.Place, connector: Connector) {
        server = RedisServer(place: place, connector: connector)
    }

    func start() { server.start() }
    func stop() { server.stop() }
    var isUp: Bool { server.isUp }
    var reason: String { server.reason }
    var servers: [RedisServer] { [server] }
    func read(_ name: [UInt8], _ command: RespCommand, _ reply: @escaping (RedisReply) -> Void) {
        server.read(command, reply)
    }
    func write(_ name: [UInt8], _ command: RespCommand, _ reply: @escaping (RedisReply) -> Void) {
        server.write(command, reply)
    }
    func place(of name: [UInt8]) -> ServerAddress.Place? { server.place }
    func takeLoss() -> Bool { false }
    func refresh() {}
}
