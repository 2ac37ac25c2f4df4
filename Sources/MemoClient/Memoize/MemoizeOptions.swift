/// How a function is memoized.
public struct MemoizeOptions: Sendable {
    /// The most results that are kept; `nil`: no bound.
    public var maxsize: Int?
    /// How long a result is fresh; `nil`: for ever.
    public var ttl: Duration?
    /// How long after that it is still returned, while it is computed again in the background.
    public var stale: Duration?
    /// Names by which results are cleared together, at most 16.
    public var tags: [String]
    /// Calls with the same arguments, of all processes at once, compute once.
    public var singleFlight: Bool

    public init(
        maxsize: Int? = 128, ttl: Duration? = nil, stale: Duration? = nil, tags: [String] = [],
        singleFlight: Bool = false
    ) {
        self.maxsize = maxsize
        self.ttl = ttl
        self.stale = stale
        self.tags = tags
        self.singleFlight = singleFlight
    }
}
