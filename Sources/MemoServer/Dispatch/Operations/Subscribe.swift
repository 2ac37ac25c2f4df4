internal import MemoStore
internal import MemoWire
internal import Platform
internal import Synchronization

/// Who is told of which changes.
final class SubscriptionTable: Sendable {
    struct Subscriber {
        var connection: ConnectionID
        var uid: UInt32
        var isAdministrator: Bool
    }

    private struct State {
        var byFunction: [[UInt8]: [Subscriber]] = [:]
        var everything: [UInt64: Subscriber] = [:]
        /// By connection. The names share their memory with the keys above.
        var functionsOf: [UInt64: Set<[UInt8]>] = [:]
        /// Bytes of names, and subscriptions to functions.
        var nameBytes = 0
        var count = 0

        /// Memory that it takes, about.
        var bytes: Int { nameBytes + count * 96 + everything.count * 48 }
    }

    private let state = Lock(State())
    private let count = Atomic(0)
    /// How many functions one connection may name; beyond it, it may subscribe to all.
    static let functionsPerConnectionMax = 1024
    /// What the subscriptions to functions may take together; beyond it, connections may subscribe to all.
    static let bytesMax = 16 << 20

    enum Outcome { case added, tooMany, noMemory }

    /// Whether anyone subscribes to anything.
    @inline(__always)
    var isWatched: Bool { count.load(ordering: .relaxed) > 0 }

    var figures: (count: Int, bytes: Int, limit: Int) {
        state.withLock { ($0.count + $0.everything.count, $0.bytes, Self.bytesMax) }
    }

    /// - Parameter function: `nil` for all.
    func add(_ subscriber: Subscriber, function: [UInt8]?) -> Outcome {
        let id = subscriber.connection.rawValue
        return state.withLock { state in
            guard let function else {
                state.everything[id] = subscriber
                count.store(state.everything.count + state.byFunction.count, ordering: .relaxed)
                return .added
            }
            if state.functionsOf[id]?.contains(function) == true { return .added }
            guard (state.functionsOf[id]?.count ?? 0) < Self.functionsPerConnectionMax else {
                return .tooMany
            }
            guard state.bytes + function.count < Self.bytesMax else { return .noMemory }
            var name = function
            if let index = state.byFunction.index(forKey: function) {
                name = state.byFunction[index].key
            } else {
                state.nameBytes += function.count + 128
            }
            state.functionsOf[id, default: []].insert(name)
            state.byFunction[name, default: []].append(subscriber)
            state.count += 1
            count.store(state.everything.count + state.byFunction.count, ordering: .relaxed)
            return .added
        }
    }

    func remove(_ connection: ConnectionID) {
        let id = connection.rawValue
        state.withLock { state in
            state.everything[id] = nil
            for function in state.functionsOf.removeValue(forKey: id) ?? [] {
                state.byFunction[function]?.removeAll { $0.connection == connection }
                state.count -= 1
                if state.byFunction[function]?.isEmpty == true {
                    state.byFunction[function] = nil
                    state.nameBytes -= function.count + 128
                }
            }
            count.store(state.everything.count + state.byFunction.count, ordering: .relaxed)
        }
    }

    /// Everyone who subscribes to anything.
    var everybody: [ConnectionID] {
        state.withLock { state in
            let ids = Set(state.functionsOf.keys).union(state.everything.keys)
            return ids.map { ConnectionID(rawValue: $0) }
        }
    }

    /// - Parameter owner: whose entries changed: others are not told.
    func subscribers(function: some Sequence<UInt8>, owner: Int64) -> [ConnectionID] {
        state.withLock { state in
            var found: [ConnectionID] = []
            func add(_ subscriber: Subscriber) {
                guard
                    owner == FunctionRow.everyone || subscriber.isAdministrator
                        || Int64(subscriber.uid) == owner
                else { return }
                found.append(subscriber.connection)
            }
            for subscriber in state.everything.values { add(subscriber) }
            if state.byFunction.isEmpty { return found }
            for subscriber in state.byFunction[Array(function)] ?? []
            where state.everything[subscriber.connection.rawValue] == nil {
                add(subscriber)
            }
            return found
        }
    }
}

extension Dispatcher {
    enum Event: String { case put, delete, clear }

    func subscribe(_ request: Request, _ context: Context) {
        let connection = context.connection
        let subscriber = SubscriptionTable.Subscriber(
            connection: connection.id, uid: connection.uid, isAdministrator: connection.isAdministrator)
        let function = request.function.isEmpty ? nil : Array(request.function)
        switch subscriptions.add(subscriber, function: function) {
        case .added: break
        case .tooMany:
            return fail(
                request, .busy,
                "more than \(SubscriptionTable.functionsPerConnectionMax) functions; subscribe to all",
                context)
        case .noMemory:
            return fail(
                request, .busy, "subscriptions to single functions take too much memory; subscribe to all",
                context)
        }
        connection.state.isSubscribed = true
        ReplyWriter.succeed(request.id, into: &connection.output)
    }

    /// Tells subscribers of a change. Called with the store's lock held, so that events come in the order of the
    /// changes.
    /// - Returns: what that took, in units of work.
    @inline(never)
    @discardableResult
    func publish(_ event: Event, _ request: Request, key: Bytes, _ connection: Connection) -> Int {
        send(event, function: request.function, owner: owner(request, connection), key: key, connection)
    }

    @discardableResult
    func publishClear(_ row: FunctionRow, _ connection: Connection) -> Int {
        guard subscriptions.isWatched else { return 0 }
        var name = row.name
        return name.withUTF8 {
            send(.clear, function: UnsafeRawBufferPointer($0), owner: row.owner, key: nil, connection)
        }
    }

    private func send(
        _ event: Event, function: Bytes, owner: Int64, key: Bytes?, _ connection: Connection
    ) -> Int {
        let subscribers = subscriptions.subscribers(function: function, owner: owner)
        if subscribers.isEmpty { return 1 }
        var line = ByteBuffer(capacity: function.count + (key?.count ?? 0) + 96)
        line.append("{\"event\":\"")
        switch event {
        case .put: line.append("put")
        case .delete: line.append("delete")
        case .clear: line.append("clear")
        }
        line.append("\"")
        ReplyWriter.field("fn", string: function, into: &line)
        if let key { ReplyWriter.field("key", json: key, into: &line) }
        if !connection.clientName.isEmpty {
            connection.clientName.withUnsafeBytes { ReplyWriter.field("client", string: $0, into: &line) }
        }
        ReplyWriter.end(into: &line)
        let bytes = Array(line.bytes)
        for subscriber in subscribers { loops.post(subscriber, .append(bytes)) }
        return 2 + subscribers.count
    }
}
