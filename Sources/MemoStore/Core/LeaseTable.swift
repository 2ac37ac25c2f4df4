/// A connection of some client, as whoever serves it numbers it; never used twice.
package typealias ConnectionID = UInt64

/// What a lease is proved with: 128 bits that nobody can guess.
package struct LeaseToken: Equatable, Sendable {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    static func random() -> LeaseToken {
        var kernel = SystemRandomNumberGenerator()
        return LeaseToken(high: kernel.next(), low: kernel.next())
    }
}

/// What a `get` that asks for a lease says of itself.
package struct LeaseRequest {
    package var connection: ConnectionID
    package var uid: UInt32
    package var leaseMs: Int64
    /// Whether it may (still) wait.
    package var mayWait: Bool

    package init(connection: ConnectionID, uid: UInt32, leaseMs: Int64, mayWait: Bool) {
        self.connection = connection
        self.uid = uid
        self.leaseMs = leaseMs
        self.mayWait = mayWait
    }
}

/// Who computes which key, and who waits for it. A key has at most one live lease.
struct LeaseTable: ~Copyable {
    struct Key: Hashable {
        var function: UInt32
        var hash: UInt64
        var key: [UInt8]

        init(function: UInt32, hash: UInt64, key: UnsafeRawBufferPointer) {
            self.function = function
            self.hash = hash
            self.key = Array(key)
        }

        func hash(into hasher: inout Hasher) { hasher.combine(hash) }
    }

    private struct Waiter {
        var connection: ConnectionID
        var uid: UInt32
        var leaseMs: Int64
    }

    private struct Lease {
        var token: LeaseToken
        var holder: ConnectionID
        var uid: UInt32
        var ends: Int64
        /// Granted to a waiter that has not come for it yet.
        var isHandedOver: Bool
        var waiters: [Waiter] = []
    }

    enum Answer {
        case granted(LeaseToken)
        case held
        case wait
        case busy
    }

    private var leases: [Key: Lease] = [:]
    private var heldBy: [ConnectionID: Set<Key>] = [:]
    private var waitingFor: [ConnectionID: Key] = [:]
    /// No lease ends before this.
    private(set) var nextEnd = Int64.max
    /// Connections whose wait is over, to be told.
    private(set) var wakes: [ConnectionID] = []
    let capacity: Int
    let waitersMax: Int

    init(capacity: Int, waitersMax: Int) {
        self.capacity = capacity
        self.waitersMax = waitersMax
    }

    var isEmpty: Bool { leases.isEmpty }
    var count: Int { leases.count }
    var waiterCount: Int { waitingFor.count }
    func isWaiting(_ connection: ConnectionID) -> Bool { waitingFor[connection] != nil }

    mutating func takeWakes() -> [ConnectionID] {
        if wakes.isEmpty { return [] }
        defer { wakes.removeAll() }
        return wakes
    }

    /// Asks for the lease of a key that is not there (or is stale).
    mutating func acquire(_ key: Key, _ request: LeaseRequest, now: Int64) -> Answer {
        if let lease = leases[key], lease.ends <= now { end(key, now: now) }
        guard let lease = leases[key] else {
            guard leases.count < capacity else { return .busy }
            let token = grant(key, holder: request.connection, uid: request.uid, ends: now + request.leaseMs)
            return .granted(token)
        }
        if lease.holder == request.connection {
            guard lease.isHandedOver else { return .held }
            leases[key]?.isHandedOver = false
            return .granted(lease.token)
        }
        guard request.mayWait else {
            stopWaiting(request.connection)
            return .held
        }
        if waitingFor[request.connection] == key { return .wait }
        if wouldCloseCircle(request.connection, waitingFor: key) { return .held }
        guard waitingFor.count < waitersMax else { return .busy }
        waitingFor[request.connection] = key
        leases[key]?.waiters.append(
            Waiter(connection: request.connection, uid: request.uid, leaseMs: request.leaseMs))
        return .wait
    }

    /// Whether a key's lease is live and this is its token, held by a connection of this user.
    func isHeld(_ key: Key, token: LeaseToken, uid: UInt32, now: Int64) -> Bool {
        guard let lease = leases[key] else { return false }
        return lease.token == token && lease.uid == uid && lease.ends > now
    }

    func isLive(_ key: Key, now: Int64) -> Bool { leases[key].map { $0.ends > now } ?? false }

    /// The value is there: the lease ends and all who waited are told.
    mutating func fulfil(_ key: Key) {
        guard let lease = remove(key) else { return }
        for waiter in lease.waiters {
            waitingFor[waiter.connection] = nil
            wakes.append(waiter.connection)
        }
    }

    /// The lease ends without a value: the next in line is granted it.
    mutating func end(_ key: Key, now: Int64) {
        guard var lease = remove(key) else { return }
        guard !lease.waiters.isEmpty else { return }
        let next = lease.waiters.removeFirst()
        waitingFor[next.connection] = nil
        wakes.append(next.connection)
        _ = grant(key, holder: next.connection, uid: next.uid, ends: now + next.leaseMs)
        leases[key]?.isHandedOver = true
        leases[key]?.waiters = lease.waiters
    }

    /// Ends all leases of a function's keys.
    mutating func end(function: UInt32, now: Int64) {
        for key in leases.keys where key.function == function { end(key, now: now) }
    }

    mutating func endExpired(now: Int64) {
        guard nextEnd <= now else { return }
        for key in leases.keys where leases[key]!.ends <= now { end(key, now: now) }
        nextEnd = leases.values.reduce(Int64.max) { min($0, $1.ends) }
    }

    /// No more input comes from a connection: what it holds ends.
    mutating func release(allOf connection: ConnectionID, now: Int64) {
        for key in heldBy[connection] ?? [] { end(key, now: now) }
    }

    /// A connection waits no longer.
    mutating func stopWaiting(_ connection: ConnectionID) {
        guard let key = waitingFor.removeValue(forKey: connection) else { return }
        leases[key]?.waiters.removeAll { $0.connection == connection }
    }

    private mutating func grant(_ key: Key, holder: ConnectionID, uid: UInt32, ends: Int64) -> LeaseToken {
        let token = LeaseToken.random()
        leases[key] = Lease(token: token, holder: holder, uid: uid, ends: ends, isHandedOver: false)
        heldBy[holder, default: []].insert(key)
        nextEnd = min(nextEnd, ends)
        return token
    }

    private mutating func remove(_ key: Key) -> Lease? {
        guard let lease = leases.removeValue(forKey: key) else { return nil }
        heldBy[lease.holder]?.remove(key)
        if heldBy[lease.holder]?.isEmpty == true { heldBy[lease.holder] = nil }
        return lease
    }

    /// Follows who waits for whom: a connection waits for one key at most, so there is one path.
    private func wouldCloseCircle(_ connection: ConnectionID, waitingFor key: Key) -> Bool {
        var next: Key? = key
        while let key = next, let lease = leases[key] {
            if lease.holder == connection { return true }
            next = waitingFor[lease.holder]
        }
        return false
    }

    /// Holds of the table, after any sequence of calls. For tests.
    func check() {
        for (key, lease) in leases {
            precondition(heldBy[lease.holder]?.contains(key) == true)
            for waiter in lease.waiters { precondition(waitingFor[waiter.connection] == key) }
        }
        for (connection, key) in waitingFor {
            precondition(leases[key]?.waiters.contains { $0.connection == connection } == true)
        }
        precondition(heldBy.values.reduce(0) { $0 + $1.count } == leases.count)
    }
}
