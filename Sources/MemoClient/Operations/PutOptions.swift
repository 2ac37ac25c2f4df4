/// How a value is stored.
public struct PutOptions: Sendable {
    /// `nil`: as the function's profile says.
    public var ttl: Lifetime?
    /// The grace time after `ttl` in which the value is still served, marked stale.
    public var stale: Duration?
    /// What computing it took.
    public var cost: Duration?
    /// At most 16 names by which entries of any function are cleared together.
    public var tags: [String]
    /// The lease under which it was computed; a lost one stores nothing.
    public var lease: String?
    /// Answered after the commit.
    public var durable: Bool
    /// Leaves an entry that is there as it is.
    public var ifAbsent: Bool

    public init(
        ttl: Lifetime? = nil, stale: Duration? = nil, cost: Duration? = nil, tags: [String] = [],
        lease: String? = nil, durable: Bool = false, ifAbsent: Bool = false
    ) {
        self.ttl = ttl
        self.stale = stale
        self.cost = cost
        self.tags = tags
        self.lease = lease
        self.durable = durable
        self.ifAbsent = ifAbsent
    }

    func add(to request: inout RequestLine) {
        request.add("ttl_ms", ttl)
        request.add("stale_ms", stale)
        request.add("cost_ms", cost)
        request.add("tags", strings: tags)
        request.add("lease", string: lease)
        request.add("durable", flag: durable)
        request.add("if_absent", flag: ifAbsent)
    }
}

/// What became of a `put`.
public enum PutOutcome: Sendable, Equatable {
    case stored
    /// Not stored: `lease_lost`, `exists`, `maxsize` or `too_large`.
    case refused(reason: String)

    init(_ reply: Reply) throws(MemoError) {
        self =
            try reply.require(reply.bool("stored"), "stored")
            ? .stored : .refused(reason: reply.string("reason") ?? "unknown")
    }
}

/// One entry of an `mput`.
public struct Entry: Sendable {
    public var key: JSONText
    public var value: JSONText
    public var options: PutOptions

    public init(key: JSONText, value: JSONText, options: PutOptions = PutOptions()) {
        self.key = key
        self.value = value
        self.options = options
    }
}
