/// Notices that no one has been connected for so long that the daemon may end.
struct IdleExit {
    /// 0: never.
    var limitMs: Int64
    /// Whether it was asked to end as soon as no one is connected.
    var isRetiring = false
    /// Since when no one is known to be connected.
    private var idleSince: Int64
    private var accepted = 0

    private static let pollMs: ClosedRange<Int64> = 10...1000

    init(limitMs: Int64, now: Int64) {
        self.limitMs = limitMs
        idleSince = now
    }

    /// How long it may sleep until it looks again; `nil`: for ever.
    var pauseMs: Int64? {
        if isRetiring { return Self.pollMs.lowerBound }
        guard limitMs > 0 else { return nil }
        // Connections come and go between two looks, and the time may be short.
        return min(max(limitMs / 8, Self.pollMs.lowerBound), Self.pollMs.upperBound)
    }

    /// Looks at the connections there are, and were since the start.
    /// - Returns: whether it is time to end.
    mutating func check(connections: Int, accepted: Int, now: Int64) -> Bool {
        if connections > 0 || accepted != self.accepted { idleSince = now }
        self.accepted = accepted
        if isRetiring { return connections == 0 }
        return limitMs > 0 && now - idleSince >= limitMs
    }
}
