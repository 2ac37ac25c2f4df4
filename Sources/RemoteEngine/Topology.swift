internal import NIOCore
internal import RemoteLink
internal import RemoteTier

/// What a topology answers, or why it does not.
typealias MapReply = @Sendable (Result<SlotMap, Reason.Refusal>) -> Void

/// Knows which servers there are.
protocol Topology: AnyObject {
    /// Whether it stays as it is.
    var isFixed: Bool { get }
    /// Whether servers that are replicas are none to use.
    var needsPrimaries: Bool { get }
    /// Called when something seems to have changed.
    var onHint: (() -> Void)? { get set }
    /// - Parameter servers: those that are up, in the order in which to ask them.
    func ask(_ servers: [RedisServer], _ then: @escaping MapReply)
    func stop()
}

enum Topologies {
    /// What an address calls for.
    static func make(_ connector: Connector) -> any Topology {
        switch connector.settings.address.topology {
        case .standalone: OneServer(connector.settings.address.places[0])
        case .cluster: ClusterTopology(connector)
        case .sentinel(let master): SentinelTopology(connector, master: master)
        }
    }
}

final class OneServer: Topology {
    private let place: ServerAddress.Place
    var onHint: (() -> Void)?

    init(_ place: ServerAddress.Place) { self.place = place }

    var isFixed: Bool { true }
    var needsPrimaries: Bool { false }
    func ask(_ servers: [RedisServer], _ then: @escaping MapReply) {
        then(.success(SlotMap(single: place)))
    }
    func stop() {}
}

/// Asks the nodes of a cluster which slots they have. Those of the URL are asked as long as no other answers.
final class ClusterTopology: Topology, @unchecked Sendable {  // Touched on its event loop only.
    private let connector: Connector
    var onHint: (() -> Void)?

    init(_ connector: Connector) { self.connector = connector }

    var isFixed: Bool { false }
    var needsPrimaries: Bool { true }

    private static let command = RespCommand("CLUSTER", "SLOTS".wire)

    func ask(_ servers: [RedisServer], _ then: @escaping MapReply) {
        var rest = servers[...]
        guard let server = rest.popFirst() else {
            return askSeed(connector.settings.address.places.shuffled()[...], "no server is known", then)
        }
        server.write(Self.command) { [self] reply in
            if case .success(let map) = Self.map(reply, server.place) { return then(.success(map)) }
            ask(Array(rest), then)
        }
    }

    private func askSeed(
        _ seeds: ArraySlice<ServerAddress.Place>, _ reason: String,
        _ then: @escaping MapReply
    ) {
        var rest = seeds
        guard let seed = rest.popFirst() else { return then(.failure(.init(description: reason))) }
        connector.connect(to: seed).whenComplete { [self, rest] result in
            switch result {
            case .failure(let error): askSeed(rest, "\(seed): \(Reason.text(error))", then)
            case .success(let connection):
                connection.ask(Self.command) { [self] reply in
                    connection.close("asked")
                    switch Self.map(reply, seed) {
                    case .success(let map): then(.success(map))
                    case .failure(let why): askSeed(rest, why.description, then)
                    }
                }
            }
        }
    }

    private static func map(
        _ reply: RedisReply, _ place: ServerAddress.Place
    ) -> Result<SlotMap, Reason.Refusal> {
        switch reply {
        case .success(let slots):
            if let map = SlotMap(clusterSlots: slots, askedAt: place) { return .success(map) }
            return .failure(.init(description: "\(place): no slot of the cluster has a server"))
        case .failure(.refused(let error)) where error.message.contains("cluster support disabled"):
            return .failure(.init(description: "\(place) is no cluster; write redis:// in the URL"))
        case .failure(.refused(let error)): return .failure(.init(description: "\(place): \(error)"))
        case .failure(.unavailable): return .failure(.init(description: "\(place) did not answer in time"))
        }
    }

    func stop() {}
}
