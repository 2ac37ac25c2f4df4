internal import MemoStore
internal import MemoWire
internal import Synchronization

/// Who is told of which changes.
final class SubscriptionTable: Sendable {
    struct Subscriber {
        var connection: ConnectionID
        var uid: UInt32
        var isAdministrator: Bool
    }

    private struct State {
        var byFunction: [[UInt8]: [UInt64: Subscriber]] = [:]
        var everything: [UInt64: Subscriber] = [:]
        var functionsOf: [UInt64: Set<[UInt8]>] = [:]
    }

    private let state = Mutex(State())
    private let count = Atomic(0)
    /// How many functions one connection may name; beyond it, it may subscribe to all.
    static let functionsPerConnectionMax = 1024

    /// Whether anybody subscribes to anything.
    @inline(__always)
    var isWatched: Bool { count.load(ordering: .relaxed) > 0 }

    /// - Parameter function: `nil` for all.
    /// - Returns: false where the connection has too many subscriptions.
    func add(_ subscriber: Subscriber, function: [UInt8]?) -> Bool {
        let id = subscriber.connection.rawValue
        return state.withLock { state in
            if let function {
                guard state.functionsOf[id, default: []].count < Self.functionsPerConnectionMax else {
                    return false
                }
                state.functionsOf[id, default: []].insert(function)
                state.byFunction[function, default: [:]][id] = subscriber
            } else {
                state.everything[id] = subscriber
            }
            count.store(state.everything.count + state.byFunction.count, ordering: .relaxed)
            return true
        }
    }

    func remove(_ connection: ConnectionID) {
        state.withLock { state in
            state.everything[connection.rawValue] = nil
            for function in state.functionsOf.removeValue(forKey: connection.rawValue) ?? [] {
                state.byFunction[function]?[connection.rawValue] = nil
                if state.byFunction[function]?.isEmpty == true { state.byFunction[function] = nil }
            }
            count.store(state.everything.count + state.byFunction.count, ordering: .relaxed)
        }
    }

    /// - Parameter owner: whose entries changed: others are not told.
    func subscribers(function: some Sequence<UInt8>, owner: Int64) -> [ConnectionID] {
        state.withLock { state in
            var found = state.byFunction[Array(function)] ?? [:]
            found.merge(state.everything) { first, _ in first }
            return found.values.filter {
                owner == FunctionRow.everyone || $0.isAdministrator || Int64($0.uid) == owner
            }.map(\.connection)
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
        guard subscriptions.add(subscriber, function: function) else {
            return fail(
                request, .busy,
                "more than \(SubscriptionTable.functionsPerConnectionMax) functions; subscribe to all",
                context)
        }
        connection.state.isSubscribed = true
        ReplyWriter.succeed(request.id, into: &connection.output)
    }

    /// Tells subscribers of a change. Called with the store's lock held, so that events come in the order of the
    /// changes.
    @inline(never)
    func publish(_ event: Event, _ request: Request, key: Bytes, _ connection: Connection) {
        send(event, function: request.function, owner: owner(request, connection), key: key, connection)
    }

    func publishClear(_ row: FunctionRow, _ connection: Connection) {
        guard subscriptions.isWatched else { return }
        var name = row.name
        name.withUTF8 {
            send(.clear, function: UnsafeRawBufferPointer($0), owner: row.owner, key: nil, connection)
        }
    }

    private func send(_ event: Event, function: Bytes, owner: Int64, key: Bytes?, _ connection: Connection) {
        let subscribers = subscriptions.subscribers(function: function, owner: owner)
        if subscribers.isEmpty { return }
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
    }
}
