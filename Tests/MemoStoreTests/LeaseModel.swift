@testable import MemoStore

/// What leases are meant to do, as plainly as it can be said: a few keys, lists instead of links, and a search
/// instead of a path.
struct LeaseModel {
    struct Lease {
        /// `nil`: handed over, and not yet asked for.
        var token: LeaseToken?
        var holder: ConnectionID
        var ends: Int64
    }

    struct Waiter {
        var connection: ConnectionID
        var leaseMs: Int64
    }

    struct Key {
        var value: Int?
        var fresh: Int64 = .max
        var expires: Int64 = .max
        var isTagged = false
        var lease: Lease?
        var waiters: [Waiter] = []
    }

    enum Answer: Equatable {
        case hit(Int, isStale: Bool, getsLease: Bool)
        case miss(getsLease: Bool)
        case held
        case waits
    }

    var keys: [Key]
    var now: Int64

    func isWaiting(_ connection: ConnectionID) -> Bool {
        keys.contains { $0.waiters.contains { $0.connection == connection } }
    }

    // MARK: operations

    mutating func get(_ key: Int, _ connection: ConnectionID, leaseMs: Int64?, mayWait: Bool) -> Answer {
        if let value = keys[key].value, keys[key].expires > now {
            let isStale = keys[key].fresh <= now
            guard isStale, let leaseMs else { return .hit(value, isStale: isStale, getsLease: false) }
            let answer = acquire(key, connection, leaseMs, mayWait: false)
            return .hit(value, isStale: true, getsLease: answer == .miss(getsLease: true))
        }
        keys[key].value = nil
        guard let leaseMs else { return .miss(getsLease: false) }
        return acquire(key, connection, leaseMs, mayWait: mayWait)
    }

    private mutating func acquire(
        _ key: Int, _ connection: ConnectionID, _ leaseMs: Int64, mayWait: Bool
    ) -> Answer {
        if let lease = keys[key].lease, lease.ends <= now { end(key) }
        guard let lease = keys[key].lease else {
            keys[key].lease = Lease(token: nil, holder: connection, ends: now + leaseMs)
            return .miss(getsLease: true)
        }
        if lease.holder == connection { return lease.token == nil ? .miss(getsLease: true) : .held }
        let isInLine = keys[key].waiters.contains { $0.connection == connection }
        guard mayWait else {
            keys[key].waiters.removeAll { $0.connection == connection }
            return .held
        }
        if isInLine { return .waits }
        if reaches(from: lease.holder, connection) { return .held }
        keys[key].waiters.append(Waiter(connection: connection, leaseMs: leaseMs))
        return .waits
    }

    /// Whether the first waits, through others, for the second.
    private func reaches(from first: ConnectionID, _ second: ConnectionID) -> Bool {
        var seen: Set<ConnectionID> = [first]
        var left = [first]
        while let connection = left.popLast() {
            if connection == second { return true }
            for key in keys where key.waiters.contains(where: { $0.connection == connection }) {
                if let holder = key.lease?.holder, seen.insert(holder).inserted { left.append(holder) }
            }
        }
        return false
    }

    func holds(_ key: Int, _ token: LeaseToken) -> Bool {
        guard let lease = keys[key].lease else { return false }
        return lease.token == token && lease.ends > now
    }

    /// - Returns: whether it is stored.
    mutating func put(
        _ key: Int, _ value: Int, ttlMs: Int64?, staleMs: Int64, isTagged: Bool, lease: LeaseToken?
    )
        -> Bool
    {
        if let lease, !holds(key, lease) { return false }
        let fresh = ttlMs.map { now + $0 } ?? .max
        keys[key] = Key(
            value: value, fresh: fresh, expires: fresh == .max ? .max : fresh + staleMs, isTagged: isTagged)
        return true
    }

    mutating func delete(_ key: Int) -> Bool {
        let wasThere = keys[key].value != nil && keys[key].expires > now
        keys[key].value = nil
        end(key)
        return wasThere
    }

    mutating func clear() {
        for key in keys.indices { _ = delete(key) }
    }

    mutating func clearTagged() {
        for key in keys.indices where keys[key].value != nil && keys[key].isTagged { _ = delete(key) }
    }

    /// No more input: what it holds goes on to others.
    mutating func inputEnded(_ connection: ConnectionID) {
        for key in keys.indices where keys[key].lease?.holder == connection { end(key) }
    }

    mutating func closed(_ connection: ConnectionID) {
        for key in keys.indices { keys[key].waiters.removeAll { $0.connection == connection } }
        inputEnded(connection)
    }

    mutating func endExpired() {
        for key in keys.indices {
            // The next one's may be over at once.
            while (keys[key].lease?.ends ?? .max) <= now { end(key) }
        }
    }

    /// The lease ends, and the first in line has the next one.
    mutating func end(_ key: Int) {
        guard keys[key].lease != nil else { return }
        keys[key].lease = nil
        guard !keys[key].waiters.isEmpty else { return }
        let next = keys[key].waiters.removeFirst()
        keys[key].lease = Lease(token: nil, holder: next.connection, ends: now + next.leaseMs)
    }
}
