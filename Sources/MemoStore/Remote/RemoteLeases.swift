/// Whose turn it is to compute the keys of functions of which one host computes for all. Only advice: a lease that is lost
/// costs a computation.
struct RemoteLeases: Sendable {
    /// A lease of this host.
    struct Own: Sendable {
        var token: UInt64
        var function: [UInt8]
        var key: [UInt8]
        /// In store time.
        var since: Int64
        var ends: Int64
    }

    static let countMax = 1 << 16
    /// How often the others are asked whether they have got it, at random between these.
    static let pauseMs: ClosedRange<Int64> = 50...200
    /// How long a lease may be here before a request takes it up.
    private static let unusedMs: Int64 = 1000
    private var own: [RecentMisses.Key: Own] = [:]
    /// Keys that other hosts compute, and when to ask for them again.
    private var taken: [RecentMisses.Key: Int64] = [:]

    var hasRoom: Bool { own.count < Self.countMax && taken.count < Self.countMax }

    func own(_ key: RecentMisses.Key, now: Int64) -> Own? { own[key].flatMap { $0.ends > now ? $0 : nil } }

    mutating func hold(_ key: RecentMisses.Key, _ lease: Own) {
        own[key] = lease
        taken[key] = nil
    }

    mutating func end(_ key: RecentMisses.Key) -> Own? {
        own.isEmpty ? nil : own.removeValue(forKey: key)
    }

    mutating func note(_ key: RecentMisses.Key, takenUntil time: Int64) { taken[key] = time }

    /// When to ask again for a key that another host computes; `nil`: as far as is known none does.
    func asksAgain(_ key: RecentMisses.Key) -> Int64? { taken[key] }

    mutating func forgetTaken(_ key: RecentMisses.Key) {
        if !taken.isEmpty { taken[key] = nil }
    }

    /// Takes out the leases that no one uses.
    mutating func takeUnused(now: Int64, isComputed: (RecentMisses.Key, Own) -> Bool) -> [Own] {
        // No one has asked for so long: whoever waited has given up.
        taken = taken.filter { now - $0.value < Self.unusedMs }
        let unused = own.filter { now - $0.value.since > Self.unusedMs && !isComputed($0.key, $0.value) }
        for key in unused.keys { own[key] = nil }
        return Array(unused.values)
    }
}
