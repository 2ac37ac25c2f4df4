internal import MemoWire

/// The moment at which waiting ends.
public struct Deadline: Sendable {
    private let instant: ContinuousClock.Instant?

    /// - Parameter duration: from now; `nil`: never.
    public init(in duration: Duration?) {
        instant = duration.map { ContinuousClock.now + $0 }
    }

    /// What `poll` takes: milliseconds, rounded up, -1 for ever.
    var pollTimeout: Int32 {
        guard let instant else { return -1 }
        let left = instant - ContinuousClock.now
        guard left > .zero else { return 0 }
        return Int32(clamping: left.milliseconds + 1)
    }

    /// `nil`: for ever.
    var left: Duration? { instant.map { $0 - ContinuousClock.now } }

    func check(_ what: String) throws(MemoError) {
        guard let instant, ContinuousClock.now >= instant else { return }
        throw MemoError(.timedOut, "no answer in time while \(what)")
    }
}

extension Duration {
    /// The most milliseconds that the protocol knows: what is meant for ever is often longer.
    static let maximumMilliseconds = WireLimits.integer

    /// Whole milliseconds, rounded towards zero.
    var milliseconds: Int64 {
        let maximum = Duration.milliseconds(Self.maximumMilliseconds)
        let (seconds, attoseconds) = Swift.max(.zero - maximum, Swift.min(self, maximum)).components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}
