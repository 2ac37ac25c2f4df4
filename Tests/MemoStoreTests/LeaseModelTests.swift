import Testing

@testable import MemoStore

/// Thousands of seeded interleavings of what several connections do with a few keys, against `LeaseModel`.
@Suite struct LeaseModelTests {
    @Test(arguments: 0..<10) func agreesWithTheModel(part: UInt64) {
        for seed in part * 400..<(part + 1) * 400 {
            var run = Run(seed: seed)
            for _ in 0..<150 { run.step() }
            run.finish()
        }
    }

    /// A request that a connection sent.
    enum Request {
        case get(key: Int, leaseMs: Int64?, waitMs: Int64)
        case put(key: Int, value: Int, lease: LeaseToken?)
        case release(key: Int, LeaseToken)
        case delete(key: Int)
        case clear
        case clearTag
    }

    struct Client {
        var id: ConnectionID
        /// Sent and not answered: the first may be one that waits.
        var requests: [Request] = []
        var waitUntil: Int64?
        var sent = 0
        var answered = 0
        var hasEnded = false
        /// What it was granted, live or not.
        var tokens: [(key: Int, LeaseToken)] = []
    }

    struct Run: ~Copyable {
        let seed: UInt64
        var random: RandomSource
        var core: StoreCore
        var model: LeaseModel
        var clients: [Client]
        var nextID: ConnectionID = 100
        var nextValue = 0
        /// Connections that were told, and have not asked again yet.
        var wakes: [ConnectionID] = []
        /// The slot that the first function gets.
        static let function = FunctionSlot(0)
        let keys: [[UInt8]]

        init(seed: UInt64) {
            self.seed = seed
            random = RandomSource(seed: seed &* 0x9e37_79b9 &+ 1)
            core = StoreCore(
                hotBytes: 1 << 20, coldBytes: 1 << 30, limits: Self.limits, random: RandomSource(seed: seed))!
            core.now = 1_000_000
            keys = (0..<1 + random.below(4)).map { Array("\"k\($0)\"".utf8) }
            model = LeaseModel(keys: keys.map { _ in LeaseModel.Key() }, now: core.now)
            clients = (0..<2 + random.below(5)).map { Client(id: ConnectionID($0)) }
            let name = Array("f".utf8)
            let function = name.withUnsafeBytes { core.internFunction(owner: -1, name: $0) }
            precondition(function == Self.function)
        }

        /// Small tables: what is made for thousands of runs has to be cheap.
        static let limits = {
            var limits = StoreLimits()
            limits.entriesMax = 64
            limits.ghostsMax = 64
            return limits
        }()

        mutating func step() {
            let client = random.below(clients.count)
            let key = random.below(keys.count)
            switch random.below(100) {
            case 0..<45:
                let leaseMs: Int64? = random.below(8) == 0 ? nil : Int64(random.below(300))
                send(
                    client,
                    .get(key: key, leaseMs: leaseMs, waitMs: Int64(random.below(3) * random.below(200))))
            case 45..<52: send(client, .put(key: key, value: value(), lease: nil))
            case 52..<64:
                if let (key, token) = anyToken(client) {
                    send(client, .put(key: key, value: value(), lease: token))
                }
            case 64..<70:
                if let (key, token) = anyToken(client) { send(client, .release(key: key, token)) }
            case 70..<75: send(client, .delete(key: key))
            case 75: send(client, .clear)
            case 76..<78: send(client, .clearTag)
            case 78..<81: halfClose(client)
            case 81..<84: close(client)
            case 84..<92: pass(Int64(random.below(120)))
            default: deliver(random.below(3))
            }
            verify()
        }

        mutating func value() -> Int {
            nextValue += 1
            return nextValue
        }

        /// One of the tokens that a client, mostly this one, was ever granted.
        mutating func anyToken(_ client: Int) -> (Int, LeaseToken)? {
            let client = random.below(4) == 0 ? random.below(clients.count) : client
            let tokens = clients[client].tokens
            guard !tokens.isEmpty else { return nil }
            return random.below(2) == 0 ? tokens.last : tokens[random.below(tokens.count)]
        }

        // MARK: connections

        mutating func send(_ client: Int, _ request: Request) {
            guard !clients[client].hasEnded else { return }
            clients[client].requests.append(request)
            clients[client].sent += 1
            if clients[client].requests.count == 1 { serve(client) }
        }

        /// Executes what a connection sent, as far as it goes.
        mutating func serve(_ client: Int) {
            while let request = clients[client].requests.first {
                guard execute(request, client) else { break }
                clients[client].requests.removeFirst()
                clients[client].waitUntil = nil
                clients[client].answered += 1
            }
            takeWakes()
            if clients[client].hasEnded, clients[client].requests.isEmpty { close(client) }
        }

        mutating func halfClose(_ client: Int) {
            guard !clients[client].hasEnded, clients[client].requests.count <= 1 else { return }
            clients[client].hasEnded = true
            core.inputEnded(clients[client].id)
            model.inputEnded(clients[client].id)
            takeWakes()
            if clients[client].requests.isEmpty { close(client) }
        }

        /// The connection is gone; another one takes its place here.
        mutating func close(_ client: Int) {
            core.connectionClosed(clients[client].id)
            model.closed(clients[client].id)
            clients[client] = Client(id: nextID, tokens: clients[client].tokens.suffix(3))
            nextID = ConnectionID(nextID.rawValue + 1)
            takeWakes()
        }

        mutating func takeWakes() { wakes += core.takeWakeups().wakes }

        mutating func deliver(_ count: Int) {
            for _ in 0..<min(count, wakes.count) {
                let id = wakes.remove(at: random.below(wakes.count))
                if let client = clients.firstIndex(where: { $0.id == id }) { serve(client) }
            }
        }

        mutating func pass(_ ms: Int64) {
            core.now += ms
            model.now += ms
            if random.below(2) == 0 {
                core.leases.endExpired(now: core.now)
                model.endExpired()
                takeWakes()
            }
            for client in clients.indices where (clients[client].waitUntil ?? .max) <= core.now {
                serve(client)
            }
        }

        // MARK: requests

        /// - Returns: whether it is answered.
        mutating func execute(_ request: Request, _ client: Int) -> Bool {
            switch request {
            case .get(let key, let leaseMs, let waitMs): return get(client, key, leaseMs, waitMs)
            case .put(let key, let value, let lease): put(key, value, lease)
            case .release(let key, let token):
                let released = with(key) { core, key, hash in
                    core.release(Self.function, key, hash: hash, token: token, uid: 7)
                }
                #expect(released == model.holds(key, token), "seed \(seed)")
                if released { model.end(key) }
            case .delete(let key):
                let deleted = with(key) { $0.delete(Self.function, $1, hash: $2, loadedRows: []).deleted }
                #expect(deleted == model.delete(key), "seed \(seed)")
            case .clear:
                _ = core.clear(function: Self.function, resettingCounters: false)
                model.clear()
            case .clearTag:
                _ = core.clear(tags: core.tags(owner: -1, name: "t"), for: 0)
                model.clearTagged()
            }
            return true
        }

        private mutating func with<Result>(
            _ key: Int, _ body: (inout StoreCore, UnsafeRawBufferPointer, UInt64) -> Result
        ) -> Result {
            keys[key].withUnsafeBytes { body(&core, $0, core.hash(Self.function, $0)) }
        }

        mutating func get(_ client: Int, _ key: Int, _ leaseMs: Int64?, _ waitMs: Int64) -> Bool {
            let id = clients[client].id
            let mayWait = waitMs > 0 && core.now < clients[client].waitUntil ?? .max
            let request = leaseMs.map { LeaseRequest(connection: id, uid: 7, leaseMs: $0, mayWait: mayWait) }
            let expected = model.get(key, id, leaseMs: leaseMs, mayWait: mayWait)
            var token: LeaseToken?
            let answer: LeaseModel.Answer = with(key) { core, key, hash in
                switch core.get(Self.function, key, hash: hash, loadedRows: [], lease: request, early: nil) {
                case .hit(let hit):
                    token = hit.lease
                    let value = Int(String(decoding: hit.value, as: UTF8.self))!
                    return .hit(value, isStale: hit.stale, getsLease: token != nil)
                case .miss(let lease):
                    token = lease
                    return .miss(getsLease: token != nil)
                case .held: return .held
                case .wait: return .waits
                case .cold, .busy, .remote: preconditionFailure()
                }
            }
            #expect(answer == expected, "seed \(seed)")
            if let token {
                clients[client].tokens.append((key, token))
                model.keys[key].lease?.token = token
            }
            if answer == .waits, clients[client].waitUntil == nil {
                clients[client].waitUntil = core.now + waitMs
            }
            return answer != .waits
        }

        mutating func put(_ key: Int, _ value: Int, _ lease: LeaseToken?) {
            let ttl: Int64? = random.below(2) == 0 ? nil : Int64(random.below(200))
            let stale = Int64(random.below(2) * random.below(300))
            let isTagged = random.below(2) == 0
            let bytes = Array("\(value)".utf8)
            let outcome = with(key) { core, key, hash in
                bytes.withUnsafeBytes { bytes in
                    var put = PutRequest(key: key, hash: hash, value: bytes, uid: 7)
                    put.ttlMs = ttl
                    put.staleMs = stale
                    put.lease = lease
                    put.tags = isTagged ? core.internTags(owner: -1, names: ["t"])! : []
                    return core.put(Self.function, put, loadedRows: [])
                }
            }
            let isStored = model.put(key, value, ttlMs: ttl, staleMs: stale, isTagged: isTagged, lease: lease)
            #expect(outcome == (isStored ? .stored : .leaseLost), "seed \(seed)")
        }

        // MARK: what holds

        func verify() {
            core.leases.check()
            #expect(core.leases.count == model.keys.count { $0.lease != nil }, "seed \(seed)")
            for client in clients {
                let waits = model.isWaiting(client.id)
                #expect(core.leases.isWaiting(client.id) == waits, "seed \(seed)")
                // No one is left behind: who is not answered is in a line, or was told to ask again.
                #expect(client.requests.isEmpty || waits || wakes.contains(client.id), "seed \(seed)")
                #expect(client.sent == client.answered + client.requests.count)
            }
        }

        /// Lets all time pass, and expects that everyone is answered and nothing is left.
        mutating func finish() {
            for _ in 0..<10_000 where clients.contains(where: { !$0.requests.isEmpty }) {
                deliver(wakes.count)
                pass(50)
                core.leases.endExpired(now: core.now)
                model.endExpired()
                takeWakes()
            }
            for client in clients { #expect(client.requests.isEmpty, "seed \(seed): never answered") }
            for client in clients.indices { close(client) }
            verify()
            #expect(core.leases.isEmpty && core.leases.waiterCount == 0)
            core.check()
            core.dispose()
            core.takeBatch().release()
        }
    }
}
