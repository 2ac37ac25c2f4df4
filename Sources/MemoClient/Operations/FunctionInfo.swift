/// What `info` and a row of `functions` say of a memoized function.
public struct FunctionInfo: Sendable {
    public let name: String
    public let hits: Int64
    public let misses: Int64
    /// `nil`: unbounded.
    public let maxsize: Int64?
    public let currsize: Int64
    public let isTyped: Bool
    /// The default life and grace time of its entries; `nil`: for ever, none.
    public let ttl: Duration?
    public let stale: Duration?
    /// The computing time that its hits have saved.
    public let saved: Duration
    /// Hits that clients computed again, and those of them that gave another result.
    public let verified: Int64
    public let mismatched: Int64
    /// Everything that the daemon said.
    public let reply: Reply

    /// - Parameter name: the function asked about; `nil`: the row names it.
    package init(_ reply: Reply, name: String? = nil) throws(MemoError) {
        self.name = try reply.require(reply.string("fn") ?? name, "fn")
        hits = try reply.require(reply.int("hits"), "hits")
        misses = try reply.require(reply.int("misses"), "misses")
        maxsize = reply.int("maxsize")
        currsize = try reply.require(reply.int("currsize"), "currsize")
        isTyped = reply.bool("typed") ?? false
        ttl = reply.int("ttl_ms").map { .milliseconds($0) }
        stale = reply.int("stale_ms").flatMap { $0 > 0 ? .milliseconds($0) : nil }
        saved = .milliseconds(reply.int("saved_ms") ?? 0)
        verified = reply.int("verified") ?? 0
        mismatched = reply.int("mismatched") ?? 0
        self.reply = reply
    }
}

/// The settings of a function, as `define` answers them.
public struct FunctionProfile: Sendable {
    /// `nil`: unbounded.
    public let maxsize: Int64?
    /// The default life and grace time of its entries; `nil`: for ever, none.
    public let ttl: Duration?
    public let stale: Duration?
    public let isTyped: Bool
    /// Whether its results may be on disk.
    public let persists: Bool
    /// The most that its entries may take; `nil`: unbounded.
    public let maxBytes: Int64?
    /// Whether its results are shared with other machines.
    public let remote: Sharing
    /// Whether it misses while other machines cannot be heard.
    public let isCoherent: Bool
    /// Whether one machine computes a result while the others wait for it.
    public let leasesRemotely: Bool

    init(_ reply: Reply) throws(MemoError) {
        guard reply.isNull("maxsize") || reply.int("maxsize") != nil else {
            throw MemoError(.malformedReply, "the daemon's answer lacks a proper \"maxsize\"")
        }
        maxsize = reply.int("maxsize")
        ttl = reply.int("ttl_ms").map { .milliseconds($0) }
        stale = reply.int("stale_ms").flatMap { $0 > 0 ? .milliseconds($0) : nil }
        isTyped = reply.bool("typed") ?? false
        persists = reply.bool("persist") ?? true
        maxBytes = reply.int("max_bytes")
        remote = Sharing(reply)
        isCoherent = reply.bool("coherent") ?? false
        leasesRemotely = reply.bool("remote_lease") ?? false
    }
}

/// The settings of a function that `define` changes; those left out stay.
public struct Profile: Sendable {
    public var maxsize: Limit?
    public var ttl: Lifetime?
    public var stale: Duration?
    /// Whether `1` and `1.0` are different arguments. A change clears the function.
    public var typed: Bool?
    /// Whether its results may be on disk; `false` keeps them in memory only, and a change to that clears it.
    public var persist: Bool?
    /// The most that its entries may take.
    public var maxBytes: Limit?
    /// Whether its results are shared with other machines, where the daemon can do that (`remote` in its features).
    public var remote: Sharing?
    /// Whether it is to miss while other machines cannot be heard, instead of serving what they may have cleared.
    public var coherent: Bool?
    /// Whether one machine is to compute a result while the others wait for it, as far as they can.
    public var remoteLease: Bool?

    public init(
        maxsize: Limit? = nil, ttl: Lifetime? = nil, stale: Duration? = nil, typed: Bool? = nil,
        persist: Bool? = nil, maxBytes: Limit? = nil, remote: Sharing? = nil,
        coherent: Bool? = nil, remoteLease: Bool? = nil
    ) {
        self.maxsize = maxsize
        self.ttl = ttl
        self.stale = stale
        self.typed = typed
        self.persist = persist
        self.maxBytes = maxBytes
        self.remote = remote
        self.coherent = coherent
        self.remoteLease = remoteLease
    }
}

/// What a `forget` removed.
public struct Forgotten: Sendable, Equatable {
    public let functions: Int64
    public let entries: Int64
}

/// A part of a listing.
public struct Page<Row: Sendable>: Sendable {
    public let rows: [Row]
    /// Where the next page begins, for `after`; `nil`: this was the last.
    public let next: String?
}
