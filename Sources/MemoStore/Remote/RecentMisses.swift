internal import RemoteLink

/// Keys that were asked for in vain, and the generations that their values may be put under: the newest, at most this many.
struct RecentMisses: Sendable {
    struct Key: Hashable, Sendable {
        var function: FunctionID
        var hash: UInt64
    }

    struct Miss: Sendable {
        var generation: Generation
        /// When, in store time; 0: it was found.
        var at: Int64
    }

    /// Half of what is remembered at most.
    private static let half = 1 << 15
    private var young: [Key: Miss] = [:]
    private var old: [Key: Miss] = [:]

    subscript(key: Key) -> Miss? {
        get { young[key] ?? old[key] }
        set {
            guard let newValue else {
                young[key] = nil
                old[key] = nil
                return
            }
            if young.count >= Self.half {
                old = young
                young = [:]
            }
            young[key] = newValue
        }
    }

    mutating func removeAll() {
        young = [:]
        old = [:]
    }
}
