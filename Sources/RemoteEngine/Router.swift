internal import NIOCore
internal import RemoteLink
internal import RemoteTier

/// Finds the server of a key, and follows keys to where they moved.
final class Router: @unchecked Sendable {  // Touched on its event loop only.
    private let connector: Connector
    private let topology: any Topology
    private let eventLoop: any EventLoop
    /// A key of the slot without which nothing works: that of epochs and log.
    private let home: Int
    private var map: SlotMap?
    private var serverAt: [ServerAddress.Place: RedisServer] = [:]
    /// Servers that are not in the map, and until when they are kept: a redirect led there.
    private var borrowed: [ServerAddress.Place: NIODeadline] = [:]
    /// Why the map is not known, or not known anew.
    private var mapReason = "not connected yet"
    private var isAsking = false
    private var lastAsked: NIODeadline?
    private var nextAsk: Scheduled<Void>?
    private var backoff = Backoff()
    private var isStopped = false
    private var noted: (identity: [UInt8], runs: Set<[UInt8]>)?
    /// Called when a server comes up or goes down, or another has a key.
    var onChange: (() -> Void)?

    /// The map is asked for no more often.
    private static let askInterval = TimeAmount.milliseconds(500)
    private static let hopsMax = 5
    private static let borrowedFor = TimeAmount.seconds(10)
    /// How long a change of something may be on its way.
    private static let writePatience = TimeAmount.seconds(1)

    /// - Parameter home: a key of the slot without which nothing works.
    init(_ connector: Connector, home: [UInt8]) {
        self.connector = connector
        self.home = KeySlot.of(home)
        topology = Topologies.make(connector)
        eventLoop = connector.eventLoop
        topology.onHint = { [weak self] in self?.refresh() }
    }

    func start() { refresh() }

    func stop() {
        isStopped = true
        nextAsk?.cancel()
        topology.stop()
        for server in serverAt.values { server.stop() }
    }

    // MARK: how it stands

    private var homeServer: RedisServer? { map?[home].flatMap { serverAt[$0] } }

    /// Whether what is known of epochs and log can be asked. Other servers may be down: their keys are misses.
    var isUp: Bool { homeServer?.isUp == true }

    /// Why not, for people.
    var reason: String {
        if let homeServer { return homeServer.reason }
        return map == nil ? mapReason : "no server has the slot of the epochs"
    }

    /// Those of the map; that of the epochs first.
    var servers: [RedisServer] {
        let first = homeServer
        let others = (map?.places ?? []).compactMap { serverAt[$0] }.filter { $0 !== first }
            .sorted { $0.place.description < $1.place.description }
        return (first.map { [$0] } ?? []) + others
    }

    /// Where a connection of its own for this key goes; `nil` as long as there is nothing to connect to.
    func place(of name: [UInt8]) -> ServerAddress.Place? {
        isUp && isSettled ? map?[KeySlot.of(name)] : nil
    }

    /// Whether a put of this key can be sent.
    func takes(_ name: [UInt8]) -> Bool {
        map?[KeySlot.of(name)].flatMap { serverAt[$0] }?.isUp == true
    }

    // MARK: loss

    /// Whether every server is known, or known to be gone.
    private var isSettled: Bool {
        map?.places.allSatisfy { serverAt[$0]?.wasTried == true } == true
    }

    private var identity: [UInt8] {
        ServerIdentity.of(
            (map?.places ?? []).map { serverAt[$0]?.run ?? Array("? \($0)".utf8) })
    }

    /// Which servers they are now.
    func noteIdentity() -> [UInt8] {
        noted = (identity, Set(servers.compactMap(\.run)))
        return identity
    }

    /// Whether a server is another one, or another run of one, than was noted: something may have been lost.
    func takeLoss() -> Bool {
        guard let noted else { return false }
        let isNew = servers.contains { $0.isUp && $0.run.map { !noted.runs.contains($0) } == true }
        guard isNew || (isSettled && identity != noted.identity) else { return false }
        self.noted = nil
        return true
    }

    // MARK: commands

    private struct Request {
        let slot: Int
        let command: RespCommand
        /// Goes with it, for the same key.
        var second: RespCommand?
        let isLookup: Bool
        let deadline: NIODeadline
        var hops = 0
        /// To both; twice the same where there is no second.
        let reply: (RedisReply, RedisReply) -> Void
    }

    /// A look-up: fails at once if the server does not answer.
    func read(_ name: [UInt8], _ command: RespCommand, _ reply: @escaping (RedisReply) -> Void) {
        send(
            Request(
                slot: slot(of: name), command: command, isLookup: true, deadline: .now() + budget,
                reply: { first, _ in reply(first) }))
    }

    /// The same of entries, and of the time that each has left: every server is asked once for all that it has.
    /// - Parameter reply: called once for each, by its place among them, in any order.
    func read(entries names: [[UInt8]], _ reply: @escaping (Int, RedisReply, RedisReply) -> Void) {
        let deadline = NIODeadline.now() + budget
        func request(_ index: Int) -> Request {
            Request(
                slot: slot(of: names[index]), command: RespCommand("GET", names[index]),
                second: RespCommand("PTTL", names[index]), isLookup: true, deadline: deadline,
                reply: { reply(index, $0, $1) })
        }
        /// - Parameter indices: of those that it has; `nil`: all.
        func ask(_ place: ServerAddress.Place?, _ indices: [Int]?) {
            guard let place, let server = serverAt[place] else {
                for index in indices ?? Array(names.indices) { fail(request(index)) }
                return
            }
            server.read(entries: indices?.map { names[$0] } ?? names) { [self] place, first, second in
                let index = indices?[place] ?? place
                if case .failure(.refused(let error)) = first {
                    return refused(request(index), error, by: server)
                }
                if case .failure(.refused(let error)) = second {
                    return refused(request(index), error, by: server)
                }
                reply(index, first, second)
            }
        }
        guard let map, map.isCluster, names.count > 1 else {
            if let first = names.first { ask(map?[slot(of: first)], nil) }
            return
        }
        for (place, indices) in Dictionary(grouping: names.indices, by: { map[KeySlot.of(names[$0])] }) {
            ask(place, indices)
        }
    }

    private var budget: TimeAmount { .milliseconds(connector.settings.budgetMs) }

    func write(_ name: [UInt8], _ command: RespCommand, _ reply: @escaping (RedisReply) -> Void) {
        send(
            Request(
                slot: slot(of: name), command: command, isLookup: false,
                deadline: .now() + Self.writePatience, reply: { first, _ in reply(first) }))
    }

    private func slot(of name: [UInt8]) -> Int { map?.isCluster == true ? KeySlot.of(name) : 0 }

    private func send(
        _ request: Request, to target: ServerAddress.Place? = nil, isAsking: Bool = false
    ) {
        guard let place = target ?? map?[request.slot], let server = serverAt[place] else {
            return fail(request)
        }
        func answered(_ first: RedisReply, _ second: RedisReply) {
            if case .failure(.refused(let error)) = first { return refused(request, error, by: server) }
            if case .failure(.refused(let error)) = second { return refused(request, error, by: server) }
            request.reply(first, second)
        }
        if let second = request.second {
            server.read(request.command, second, isAsking: isAsking, answered)
        } else if request.isLookup {
            server.read(request.command, isAsking: isAsking) { answered($0, $0) }
        } else {
            server.write(request.command, isAsking: isAsking) { answered($0, $0) }
        }
    }

    private func fail(_ request: Request) {
        if !topology.isFixed { refresh() }
        eventLoop.assumeIsolated().execute {
            request.reply(.failure(.unavailable), .failure(.unavailable))
        }
    }

    private func refused(_ request: Request, _ error: RespError, by server: RedisServer) {
        switch Redirect(error, from: server.place) {
        case .moved(let slot, let place):
            map?.move(slot, to: place)
            refresh()
            return follow(request, to: place, isAsking: false)
        case .ask(_, let place): return follow(request, to: place, isAsking: true)
        case nil: break
        }
        switch error.code {
        case "TRYAGAIN" where !request.isLookup && request.deadline > .now():
            return later(.milliseconds(50)) { $0.send(request) }
        case "READONLY" where map?.isCluster != true:
            server.requirePrimary()
            refresh()
        case "READONLY", "MASTERDOWN", "CLUSTERDOWN": refresh()
        default: break
        }
        request.reply(.failure(.refused(error)), .failure(.refused(error)))
    }

    /// Sends it again, to where it was told to; waits for that server's connection as long as the request may take.
    private func follow(_ request: Request, to place: ServerAddress.Place, isAsking: Bool) {
        var request = request
        request.hops += 1
        guard request.hops <= Self.hopsMax, !isStopped else { return fail(request) }
        if map?.places.contains(place) != true { borrowed[place] = .now() + Self.borrowedFor }
        let server = server(at: place)
        if server.isUp { return send(request, to: place, isAsking: isAsking) }
        guard request.deadline > .now() else { return fail(request) }
        request.hops -= 1
        later(.milliseconds(5)) { [request] in $0.follow(request, to: place, isAsking: isAsking) }
    }

    private func later(_ time: TimeAmount, _ body: @escaping (Router) -> Void) {
        eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in body(self) }
    }

    // MARK: the map

    /// The map may be outdated: asks for it, not too often.
    func refresh() {
        guard !isStopped, !isAsking, nextAsk == nil, map == nil || !topology.isFixed else { return }
        let due = lastAsked.map { $0 + Self.askInterval } ?? .now()
        guard due > .now() else { return ask() }
        ask(in: due - .now())
    }

    private func ask(in time: TimeAmount) {
        nextAsk = eventLoop.assumeIsolated().scheduleTask(in: time) { [weak self] in
            self?.nextAsk = nil
            self?.ask()
        }
    }

    private func ask() {
        isAsking = true
        lastAsked = .now()
        topology.ask(servers.filter(\.isUp).shuffled()) { [weak self] result in
            guard let self, !isStopped else { return }
            isAsking = false
            switch result {
            case .success(let map):
                backoff.reset()
                use(map)
            case .failure(let why):
                mapReason = why.description
                ask(in: max(.milliseconds(backoff.next()), Self.askInterval))
            }
            onChange?()
        }
    }

    private func use(_ map: SlotMap) {
        self.map = map
        for place in map.places { _ = server(at: place) }
        borrowed = borrowed.filter { $0.value > .now() }
        for (place, server) in serverAt where !map.places.contains(place) && borrowed[place] == nil {
            server.stop()
            serverAt[place] = nil
        }
    }

    private func server(at place: ServerAddress.Place) -> RedisServer {
        if let known = serverAt[place] { return known }
        let server = RedisServer(place: place, connector: connector, mustBePrimary: topology.needsPrimaries)
        serverAt[place] = server
        server.onChange = { [weak self, weak server] in
            guard let self, let server else { return }
            // It may be gone for good, and another have its keys.
            if !server.isUp { refresh() }
            onChange?()
        }
        server.start()
        return server
    }

    /// About once a second: measures round trips, and asks anew while a server is down.
    /// - Parameter isHomeHeard: whether the server of the epochs has just said something.
    func tick(isHomeHeard: Bool) {
        for server in servers {
            if !isHomeHeard || server !== homeServer || server.isMeasurementOld { server.probe() }
            if map?.isCluster == true { server.lookForLoss() }
        }
        if servers.contains(where: { !$0.isUp }) { refresh() }
    }
}
