/// What a `get` found.
public struct Lookup: Sendable {
    /// The value as it was put; `nil`: a miss.
    public let value: JSONText?
    /// In the grace time after its life: still served, to be computed again.
    public let isStale: Bool
    /// The token by which this caller is the one to compute the value; others wait for it.
    public let lease: String?
    /// A miss, and someone else is computing the value.
    public let isHeld: Bool
    /// The rest of the answer: `tier`, `age_ms`, `ttl_ms`, `cost_ms`, `hits`, `bytes` and `uid` if asked for.
    public let reply: Reply

    /// A hit that was read from where the daemon publishes it.
    init(published value: [UInt8]) {
        self.value = JSONText(trusted: value)
        isStale = false
        lease = nil
        isHeld = false
        reply = Self.publishedReply
    }

    private static let publishedReply = Reply(line: Array(#"{"ok":true,"hit":true}"#.utf8), members: [])

    init(_ reply: Reply) throws(MemoError) {
        let hit = try reply.require(reply.bool("hit"), "hit")
        value = hit ? try reply.require(reply["value"], "value") : nil
        isStale = reply.bool("stale") ?? false
        lease = reply.string("lease")
        isHeld = reply.bool("held") ?? false
        self.reply = reply
    }
}

/// How a `get` is done.
public struct GetOptions: Sendable {
    /// Asks for the lease of a miss, for this long (at most an hour).
    public var lease: Duration?
    /// How long to wait for someone else who computes the value.
    public var wait: Duration?
    /// Recomputes before the end with the probability of the XFetch rule; usually 1.
    public var early: Double?
    /// Asks what is known about the entry.
    public var meta: Bool

    /// Whether nothing is asked for that only the daemon knows.
    var allowsPublished: Bool { lease == nil && early == nil && !meta }

    public init(lease: Duration? = nil, wait: Duration? = nil, early: Double? = nil, meta: Bool = false) {
        self.lease = lease
        self.wait = wait
        self.early = early
        self.meta = meta
    }
}
