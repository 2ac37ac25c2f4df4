internal import RemoteLink

/// Look-ups that are under way.
struct RemoteFlights: Sendable {
    struct Key: Hashable, Sendable {
        /// Not its place: that may be another function's when the answer comes.
        var function: FunctionID
        var hash: UInt64
        var bytes: [UInt8]

        /// The hash is one of 64 bits with the daemon's seed already.
        func hash(into hasher: inout Hasher) { hasher.combine(hash) }
    }

    struct Flight: Sendable {
        var function: [UInt8]
        var keys: [Key]
        var waiters: [ConnectionID]
        /// When it began, in store time.
        var began: Int64
        /// Keys of it that something happened to meanwhile: what is found of them is of before.
        var void: Set<Int> = []
        /// Entries with tags whose epochs are asked for, by the places of their keys.
        var unverified: [Int: SharedValue] = [:]
        var isAnswered = false
        var lease: LinkRequest.Lookup.Lease?
        /// Another host has it.
        var isTaken = false
        /// Someone only wants to know what is there.
        var isInspection = false
    }

    /// The most keys that may be under way.
    static let keysMax = LinkRequest.Lookup.keysMax
    private var flights: [UInt64: Flight] = [:]
    private var byKey: [Key: UInt64] = [:]
    private(set) var keyCount = 0

    subscript(id: UInt64) -> Flight? {
        _read { yield flights[id] }
        _modify { yield &flights[id] }
    }

    var isEmpty: Bool { flights.isEmpty }
    var ids: [UInt64] { Array(flights.keys) }

    /// Whether something happened to a key meanwhile, or its look-up has ended.
    func isVoid(_ id: UInt64, _ index: Int) -> Bool {
        guard let void = flights[id]?.void else { return true }
        return !void.isEmpty && void.contains(index)
    }

    /// Whether it waits for no tags' epochs.
    func isVerified(_ id: UInt64) -> Bool { flights[id]?.unverified.isEmpty != false }

    /// The look-up of one key that is under way already.
    func flight(of key: Key) -> UInt64? { byKey[key] }

    func hasRoom(for count: Int) -> Bool { keyCount + count <= Self.keysMax }

    mutating func begin(_ id: UInt64, _ flight: Flight) {
        flights[id] = flight
        keyCount += flight.keys.count
        for key in flight.keys { byKey[key] = id }
    }

    /// - Returns: who waited for it.
    mutating func end(_ id: UInt64) -> [ConnectionID] {
        guard let flight = flights.removeValue(forKey: id) else { return [] }
        keyCount -= flight.keys.count
        for key in flight.keys where byKey[key] == id { byKey[key] = nil }
        return flight.waiters
    }

    /// - Returns: who waited for any.
    mutating func endAll() -> [ConnectionID] {
        let waiters = flights.values.flatMap(\.waiters)
        flights = [:]
        byKey = [:]
        keyCount = 0
        return waiters
    }

    /// Something happened to keys: what is found of them is not used, and who asks from now on asks anew.
    mutating func void(where isMeant: (Flight, Key) -> Bool) {
        for id in flights.keys {
            for (index, key) in flights[id]!.keys.enumerated() where isMeant(flights[id]!, key) {
                flights[id]!.void.insert(index)
                if byKey[key] == id { byKey[key] = nil }
            }
        }
    }
}
