internal import Platform

/// Who computes which key, and who waits for it. A key has at most one live lease.
struct LeaseTable: ~Copyable {
    /// A key as the caller has it; the bytes are copied where a lease is granted.
    struct Key {
        var function: FunctionSlot
        var hash: UInt64
        var key: UnsafeRawBufferPointer

        fileprivate var short: UInt32 { UInt32(truncatingIfNeeded: hash) }
    }

    private struct Lease {
        var function: FunctionSlot
        var hash: UInt64
        var key: [UInt8]
        var token: LeaseToken
        var holder: ConnectionID
        var uid: UInt32
        var ends: Int64
        /// Which of all leases ever granted it is.
        var serial: UInt64
        /// Granted to a waiter that has not come for it yet.
        var isHandedOver = false
        /// The next lease of a key with the same short hash.
        var chain: Int?
        /// Ends of the line of those who wait.
        var firstWaiter: ConnectionID?
        var lastWaiter: ConnectionID?
    }

    /// What one user's leases take.
    private struct Usage {
        var leases = 0
        var keyBytes = 0
    }

    /// A connection's place in the line for a lease.
    private struct Waiter {
        var place: Int
        var uid: UInt32
        var leaseMs: Int64
        var before: ConnectionID?
        var behind: ConnectionID?
    }

    private struct Ending {
        /// One of them is set.
        var function: FunctionSlot?
        var holder: ConnectionID?
        /// Later ones are of the time after it.
        var through: UInt64
        var places: ArraySlice<Int>
    }

    enum Answer {
        case granted(LeaseToken)
        /// Someone else has it, and this request does not wait for it.
        case held
        case wait
        case busy
    }

    private var leases: [Lease?] = []
    private var free: [Int] = []
    /// The first lease for each short hash.
    private var places: [UInt32: Int] = [:]
    private var heldBy: [ConnectionID: Set<Int>] = [:]
    private var usedBy: [UInt32: Usage] = [:]
    private var ofFunction: [FunctionSlot: Set<Int>] = [:]
    private var waiting: [ConnectionID: Waiter] = [:]
    /// Of the leases, by their places.
    private var ends = DeadlineHeap()
    /// Leases that have ended, and are so many that they are taken out in pieces.
    private var endings: [Ending] = []
    /// Of the newest lease that was ever granted.
    private(set) var serial: UInt64 = 0
    /// Connections whose wait is over, to be told.
    private(set) var wakes: [ConnectionID] = []
    private(set) var count = 0
    private(set) var keyBytes = 0
    let capacity: Int
    let keyBytesMax: Int
    let waitersMax: Int

    init(capacity: Int, keyBytesMax: Int, waitersMax: Int) {
        self.capacity = capacity
        self.keyBytesMax = keyBytesMax
        self.waitersMax = waitersMax
    }

    var isEmpty: Bool { count == 0 }
    var waiterCount: Int { waiting.count }
    /// No lease ends before this.
    var nextEnd: Int64 { ends.earliest ?? .max }
    /// Memory that it takes, about.
    var bytes: Int {
        leases.capacity * MemoryLayout<Lease?>.stride + keyBytes + waiting.capacity * 64
            + count * 128 + ends.bytes
    }

    func isWaiting(_ connection: ConnectionID) -> Bool { waiting[connection] != nil }

    /// Whether any key of a function has a lease.
    func concerns(function: FunctionSlot) -> Bool { ofFunction[function] != nil }

    mutating func takeWakes() -> [ConnectionID] {
        if wakes.isEmpty { return [] }
        defer { wakes = [] }
        return wakes
    }

    // MARK: asking

    /// Asks for the lease of a key that is not there (or is stale).
    mutating func acquire(_ key: Key, _ request: LeaseRequest, now: Int64) -> Answer {
        if let place = find(key), leases[place]!.ends <= now || hasEnded(place) { end(place, now: now) }
        guard let place = find(key) else { return grant(key, request, now: now) }
        if leases[place]!.holder == request.connection {
            guard leases[place]!.isHandedOver else { return .held }
            leases[place]!.isHandedOver = false
            return .granted(leases[place]!.token)
        }
        if let waiter = waiting[request.connection] {
            if waiter.place == place, request.mayWait { return .wait }
            stopWaiting(request.connection)
        }
        guard request.mayWait, !wouldCloseCircle(request.connection, waitingFor: place) else { return .held }
        guard waiting.count < waitersMax else { return .busy }
        let last = leases[place]!.lastWaiter
        waiting[request.connection] = Waiter(
            place: place, uid: request.uid, leaseMs: request.leaseMs, before: last)
        if let last { waiting[last]!.behind = request.connection }
        if leases[place]!.firstWaiter == nil { leases[place]!.firstWaiter = request.connection }
        leases[place]!.lastWaiter = request.connection
        return .wait
    }

    /// Whether a key's lease is live and this is its token, held by a connection of this user.
    func isHeld(_ key: Key, token: LeaseToken, uid: UInt32, now: Int64) -> Bool {
        guard let place = find(key), let lease = leases[place] else { return false }
        return lease.token == token && lease.uid == uid && lease.ends > now && !hasEnded(place)
    }

    /// Which of all leases ever granted a key's is.
    func serial(of key: Key) -> UInt64? { find(key).flatMap { leases[$0]?.serial } }

    // MARK: ending

    /// The value is there: the lease ends and all who waited are told.
    mutating func fulfil(_ key: Key) {
        guard let place = find(key) else { return }
        while let next = leases[place]!.firstWaiter {
            stopWaiting(next)
            wakes.append(next)
        }
        remove(place)
    }

    /// The lease ends without a value: the next in line is granted it.
    mutating func end(_ key: Key, now: Int64) {
        if let place = find(key) { end(place, now: now) }
    }

    /// Ends the leases of a function's keys with this lower half of the hash: those that are meant, where the keys
    /// themselves are not at hand, and perhaps another one.
    mutating func end(function: FunctionSlot, short: UInt32, now: Int64) {
        var meant: [Int] = []
        var next = places[short]
        while let place = next {
            if leases[place]!.function == function { meant.append(place) }
            next = leases[place]!.chain
        }
        for place in meant { end(place, now: now) }
    }

    /// The functions and the lower halves of the hashes of all keys that are leased.
    var keys: [(function: FunctionSlot, short: UInt32)] {
        leases.compactMap { $0.map { ($0.function, UInt32(truncatingIfNeeded: $0.hash)) } }
    }

    /// Ends all leases of a function's keys.
    mutating func end(function: FunctionSlot, now: Int64) {
        guard let places = ofFunction[function] else { return }
        end(places, Ending(function: function, through: serial, places: []), now: now)
    }

    /// Ends a bounded number of those whose time is over.
    mutating func endExpired(now: Int64) {
        var left = Self.endedAtOnce
        while left > 0, let place = ends.popExpired(now) {
            left -= 1
            end(place, now: now)
        }
    }

    private mutating func end(_ places: Set<Int>, _ ending: Ending, now: Int64) {
        if places.count <= Self.endedAtOnce {
            for place in places { end(place, now: now) }
        } else {
            var ending = ending
            ending.places = Array(places)[...]
            endings.append(ending)
        }
    }

    /// Leases that are taken out at once.
    private static let endedAtOnce = 256

    /// Whether there are leases that have ended and are still here.
    var hasEnded: Bool { !endings.isEmpty }

    private func hasEnded(_ place: Int) -> Bool {
        !endings.isEmpty && endings.contains { covers($0, place) }
    }

    private func covers(_ ending: Ending, _ place: Int) -> Bool {
        guard let lease = leases[place], lease.serial <= ending.through else { return false }
        return lease.holder == ending.holder || lease.function == ending.function
    }

    /// Takes some of those out that have ended.
    mutating func takeOutEnded(now: Int64) {
        var left = Self.endedAtOnce
        while left > 0, let last = endings.indices.last {
            guard let place = endings[last].places.popLast() else {
                endings.removeLast()
                continue
            }
            left -= 1
            if covers(endings[last], place) { end(place, now: now) }
        }
    }

    /// No more input comes from a connection: what it holds ends.
    mutating func release(allOf connection: ConnectionID, now: Int64) {
        guard let places = heldBy[connection] else { return }
        end(places, Ending(holder: connection, through: serial, places: []), now: now)
    }

    /// A connection waits no longer.
    mutating func stopWaiting(_ connection: ConnectionID) {
        guard let waiter = waiting.removeValue(forKey: connection) else { return }
        if let before = waiter.before {
            waiting[before]!.behind = waiter.behind
        } else {
            leases[waiter.place]!.firstWaiter = waiter.behind
        }
        if let behind = waiter.behind {
            waiting[behind]!.before = waiter.before
        } else {
            leases[waiter.place]!.lastWaiter = waiter.before
        }
    }

    private mutating func end(_ place: Int, now: Int64) {
        guard let next = leases[place]!.firstWaiter, let waiter = waiting[next] else { return remove(place) }
        stopWaiting(next)
        wakes.append(next)
        forgetHolder(place)
        hold(place, by: next, uid: waiter.uid, ends: now + waiter.leaseMs)
        leases[place]!.isHandedOver = true
    }

    // MARK: places

    private func find(_ key: Key) -> Int? {
        if count == 0 { return nil }
        var next = places[key.short]
        while let place = next {
            if leases[place]!.hash == key.hash, leases[place]!.function == key.function,
                leases[place]!.key.withUnsafeBytes({ $0.isEqual(to: key.key) })
            {
                return place
            }
            next = leases[place]!.chain
        }
        return nil
    }

    private mutating func grant(_ key: Key, _ request: LeaseRequest, now: Int64) -> Answer {
        if !hasRoom(key, request) { endExpired(now: now) }
        guard hasRoom(key, request) else { return .busy }
        stopWaiting(request.connection)
        let place = free.popLast() ?? leases.count
        if place == leases.count { leases.append(nil) }
        leases[place] = Lease(
            function: key.function, hash: key.hash, key: Array(key.key), token: LeaseToken(high: 0, low: 0),
            holder: request.connection, uid: request.uid, ends: now, serial: 0, chain: places[key.short])
        places[key.short] = place
        ofFunction[key.function, default: []].insert(place)
        count += 1
        keyBytes += key.key.count
        hold(place, by: request.connection, uid: request.uid, ends: now + request.leaseMs)
        return .granted(leases[place]!.token)
    }

    private func hasRoom(_ key: Key, _ request: LeaseRequest) -> Bool {
        guard count < capacity, keyBytes + key.key.count <= keyBytesMax else { return false }
        guard request.isLimited else { return true }
        let used = usedBy[request.uid] ?? Usage()
        return used.leases < capacity / Self.shareDivisor
            && used.keyBytes + key.key.count <= keyBytesMax / Self.shareDivisor
    }

    /// A user may have this part of the leases if there is a share.
    private static let shareDivisor = 4

    private mutating func hold(_ place: Int, by holder: ConnectionID, uid: UInt32, ends: Int64) {
        serial += 1
        leases[place]!.serial = serial
        leases[place]!.token = .random()
        leases[place]!.holder = holder
        leases[place]!.uid = uid
        leases[place]!.ends = ends
        heldBy[holder, default: []].insert(place)
        usedBy[uid, default: Usage()].leases += 1
        usedBy[uid, default: Usage()].keyBytes += leases[place]!.key.count
        self.ends.set(place, ends)
    }

    private mutating func forgetHolder(_ place: Int) {
        let holder = leases[place]!.holder
        heldBy[holder]?.remove(place)
        if heldBy[holder]?.isEmpty == true { heldBy[holder] = nil }
        let uid = leases[place]!.uid
        usedBy[uid]?.leases -= 1
        usedBy[uid]?.keyBytes -= leases[place]!.key.count
        if usedBy[uid]?.leases == 0 { usedBy[uid] = nil }
    }

    /// Frees the place of a lease that no one waits for.
    private mutating func remove(_ place: Int) {
        forgetHolder(place)
        let lease = leases[place]!
        ofFunction[lease.function]?.remove(place)
        if ofFunction[lease.function]?.isEmpty == true { ofFunction[lease.function] = nil }
        let short = UInt32(truncatingIfNeeded: lease.hash)
        if places[short] == place {
            places[short] = lease.chain
        } else {
            var before = places[short]!
            while leases[before]!.chain != place { before = leases[before]!.chain! }
            leases[before]!.chain = lease.chain
        }
        leases[place] = nil
        ends.set(place, nil)
        free.append(place)
        count -= 1
        keyBytes -= lease.key.count
    }

    /// Follows who waits for whom: a connection waits for one lease at most, so there is one path.
    private func wouldCloseCircle(_ connection: ConnectionID, waitingFor place: Int) -> Bool {
        var next: Int? = place
        while let place = next, let lease = leases[place] {
            if lease.holder == connection { return true }
            next = waiting[lease.holder]?.place
        }
        return false
    }

    // MARK: tests

    /// Holds of the table, after any sequence of calls; ends the process if it does not.
    func check() {
        var lines = 0
        for (place, lease) in leases.enumerated() {
            guard let lease else { continue }
            precondition(heldBy[lease.holder]?.contains(place) == true)
            precondition(ofFunction[lease.function]?.contains(place) == true)
            let key = lease.key.withUnsafeBytes {
                find(Key(function: lease.function, hash: lease.hash, key: $0))
            }
            precondition(key == place, "a key has two leases, or none can be found")
            var before: ConnectionID?
            var next = lease.firstWaiter
            while let waiter = next {
                precondition(waiting[waiter]?.place == place && waiting[waiter]?.before == before)
                lines += 1
                before = waiter
                next = waiting[waiter]?.behind
            }
            precondition(lease.lastWaiter == before)
            precondition(nextEnd <= lease.ends)
        }
        precondition(lines == waiting.count, "someone waits for a lease that is not there")
        precondition(heldBy.values.reduce(0) { $0 + $1.count } == count)
        precondition(ofFunction.values.reduce(0) { $0 + $1.count } == count)
        precondition(usedBy.values.reduce(0) { $0 + $1.leases } == count)
        precondition(usedBy.values.reduce(0) { $0 + $1.keyBytes } == keyBytes)
        precondition(leases.count - free.count == count && ends.count == count)
        precondition(keyBytes == leases.reduce(0) { $0 + ($1?.key.count ?? 0) })
    }
}
