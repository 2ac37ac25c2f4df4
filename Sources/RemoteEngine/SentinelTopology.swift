internal import NIOCore
internal import RemoteLink
internal import RemoteTier

/// Asks sentinels who the master is, over a connection that is kept to hear of another one.
final class SentinelTopology: Topology, @unchecked Sendable {  // Touched on its event loop only.
    private let connector: Connector
    private let master: String
    private var connection: RedisConnection?
    private var isStopped = false
    var onHint: (() -> Void)?

    init(_ connector: Connector, master: String) {
        self.connector = connector
        self.master = master
    }

    var isFixed: Bool { false }
    var needsPrimaries: Bool { true }

    func ask(_ servers: [RedisServer], _ then: @escaping MapReply) {
        let seeds = connector.settings.address.places.shuffled()[...]
        guard let connection, !connection.isClosed else { return askNext(seeds, "no sentinel answers", then) }
        find(connection) { [self] result in
            if case .success = result { return then(result) }
            connection.close("it does not know the master")
            askNext(seeds, "no sentinel answers", then)
        }
    }

    private func askNext(
        _ sentinels: ArraySlice<ServerAddress.Place>, _ reason: String,
        _ then: @escaping MapReply
    ) {
        var rest = sentinels
        guard !isStopped, let sentinel = rest.popFirst() else {
            return then(.failure(.init(description: reason)))
        }
        connector.connect(to: sentinel, isSentinel: true).whenComplete { [self, rest] result in
            switch result {
            case .failure(let error):
                askNext(rest, "the sentinel \(sentinel): \(Reason.text(error))", then)
            case .success(let connection):
                find(connection) { [self] result in
                    switch result {
                    case .success:
                        keep(connection)
                        then(result)
                    case .failure(let why):
                        connection.close("it does not know the master")
                        askNext(rest, "the sentinel \(sentinel) \(why)", then)
                    }
                }
            }
        }
    }

    private func find(
        _ connection: RedisConnection, _ then: @escaping MapReply
    ) {
        connection.ask(RespCommand("SENTINEL", "GET-MASTER-ADDR-BY-NAME".wire, master.wire)) {
            [master] reply in
            switch reply {
            case .success(let value):
                guard let parts = value.elements, parts.count == 2, let host = parts[0].bytes, !host.isEmpty,
                    let port = parts[1].integer, (1...65_535).contains(port)
                else { return then(.failure(.init(description: "knows no master \"\(master)\""))) }
                let place = ServerAddress.Place.tcp(
                    host: String(decoding: host, as: UTF8.self), port: Int(port))
                then(.success(SlotMap(single: place)))
            case .failure(.refused(let error)): then(.failure(.init(description: "says: \(error)")))
            case .failure(.unavailable): then(.failure(.init(description: "did not answer in time")))
            }
        }
    }

    private func keep(_ connection: RedisConnection) {
        guard !isStopped else { return connection.close("stopped") }
        self.connection?.close("another one is asked")
        self.connection = connection
        connection.onPush = { [weak self] in self?.onHint?() }
        connection.onClose = { [weak self, weak connection] _ in
            guard let self, self.connection === connection else { return }
            self.connection = nil
            onHint?()
        }
        // Answered by a push.
        connection.post(RespCommand("SUBSCRIBE", "+switch-master".wire))
    }

    func stop() {
        isStopped = true
        connection?.close("stopped")
        connection = nil
    }
}
