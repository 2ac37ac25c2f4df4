/// The operations of protocol version 1, by their names on the wire.
public enum Operation: String, CaseIterable, Sendable, BitwiseCopyable {
    case ping, hello, get, put, release, delete, touch, mget, mput, clear, define, info, report
    case functions, keys, stats, sync, why, subscribe, backup, forget, history, advise, map
}

/// A `ttl_ms` or `maxsize` field: left out, `null`, or a number.
public enum Setting: Equatable, Sendable {
    case absent
    case null
    case value(Int64)
}

/// A key in canonical form: two keys are the same JSON value exactly when these bytes are equal.
public struct CanonicalKey {
    /// Numbers that are equal have the same form, however they were spelt.
    public var bytes: Bytes
    /// The form for functions defined `typed`, in which a number written with a fraction or an exponent
    /// differs from an integer. The same view as `bytes` if the key has no such number.
    public var typedBytes: Bytes

    public init(bytes: Bytes, typedBytes: Bytes) {
        self.bytes = bytes
        self.typedBytes = typedBytes
    }

    /// The form for a function that is defined `typed`, or for one that is not.
    @inlinable public func bytes(isTyped: Bool) -> Bytes { isTyped ? typedBytes : bytes }
}

/// One entry to store: the whole of a `put`, or an element of an `mput`'s `entries`.
public struct PutFields {
    public var key: CanonicalKey
    /// The value's JSON text as it was sent, without white space around it.
    public var value: Bytes
    public var ttl: Setting = .absent
    public var staleMs: Int64?
    public var costMs: Int64?
    /// Positions in `RequestParser.tags`: decoded UTF-8, at most 16 of at most 128 bytes each, no repeats.
    public var tags: Range<Int> = 0..<0
    public var lease: Bytes?
    public var durable = false
    public var ifAbsent = false

    public init(key: CanonicalKey, value: Bytes) {
        self.key = key
        self.value = value
    }
}

/// The fields of a `get` beside its key. Kept small, since every request has room for them.
public struct GetFields {
    private var lease: Int32 = -1
    private var wait: Int32 = 0
    private var beta = -1.0
    public var meta = false
    /// Whether other machines may be asked.
    public var remote = true

    public init() {}

    /// At most `WireLimits.leaseMs`, as `waitMs`.
    public var leaseMs: Int64? {
        get { lease < 0 ? nil : Int64(lease) }
        set { lease = newValue.map { Int32($0) } ?? -1 }
    }
    public var waitMs: Int64 {
        get { Int64(wait) }
        set { wait = Int32(newValue) }
    }
    /// XFetch's beta, not negative: `nil` if not asked for.
    public var early: Double? {
        get { beta < 0 ? nil : beta }
        set { beta = newValue ?? -1 }
    }
}

/// Whether a function is shared with other machines.
public enum RemoteField: Equatable, Sendable {
    case on, off
    /// What they have is used, and nothing is given to them.
    case readOnly
    /// As the daemon's settings say.
    case byPattern
}

/// The settings that a `define` changes.
public struct ProfileFields: Equatable, Sendable {
    public var maxsize: Setting = .absent
    public var ttl: Setting = .absent
    public var staleMs: Setting = .absent
    public var typed: Bool?
    public var persist: Bool?
    public var maxBytes: Setting = .absent
    public var remote: RemoteField?
    public var coherent: Bool?
    public var remoteLease: Bool?

    public init() {}
}

/// What a `report` adds.
public struct ReportFields: Equatable, Sendable {
    public var hits: Int64 = 0
    public var savedMs: Int64 = 0
    /// Part of `hits`.
    public var regionHits: Int64 = 0
    public var verified: Int64 = 0
    public var mismatched: Int64 = 0
    /// A position in `RequestParser.mismatches`.
    public var mismatch: Int?

    public init() {}
}

/// The `mismatch` of a `report`: decoded UTF-8.
public struct MismatchFields {
    /// Of the key: at most `WireLimits.digestBytes`.
    public var digest: Bytes
    /// The two results, which may be of any length.
    public var kept: Bytes
    public var computed: Bytes
}

/// A request that was read and found well formed, its fields by operation. Views point into the line it was
/// read from and into the arena of the batch that read it; both outlive its execution.
public struct Request {
    public enum Body {
        case ping
        case hello(client: Bytes?)
        case get(CanonicalKey, GetFields)
        /// A position in `RequestParser.entries`.
        case put(Int)
        case release(CanonicalKey, lease: Bytes)
        case delete(CanonicalKey, waitRemoteMs: Int64?)
        case touch(CanonicalKey, ttl: Setting)
        /// Positions in `RequestParser.keys`.
        case mget(Range<Int>, remote: Bool)
        /// Positions in `RequestParser.entries`.
        case mput(Range<Int>)
        case clearFunction(waitRemoteMs: Int64?)
        case clearTag(Bytes, waitRemoteMs: Int64?)
        case clearAll(waitRemoteMs: Int64?)
        case clearPattern(Bytes, waitRemoteMs: Int64?)
        /// `pattern` nil: the function.
        case forget(pattern: Bytes?)
        case define(ProfileFields)
        case info(mismatches: Bool)
        case report(ReportFields)
        case functions(limit: Int?, after: Bytes?, pattern: Bytes?)
        case keys(limit: Int?, after: Bytes?)
        case stats
        case sync
        /// With `remote` other machines are asked, too.
        case why(CanonicalKey, remote: Bool)
        /// `function` empty: every function.
        case subscribe
        case backup(path: Bytes)
        /// `function` empty: all functions.
        case history(spanMs: Int64, points: Int)
        /// `function` empty: all functions, and the hot tier.
        case advise
        case map
    }

    /// What stands in the place of a request that was not read yet.
    public static var none: Request {
        Request(id: nil, function: Bytes(start: nil, count: 0), body: .ping)
    }

    /// The request's `id` as it was sent, or `nil`.
    public var id: Bytes?
    /// `fn`, decoded; empty if the operation has none.
    public var function: Bytes
    public var body: Body

    public init(id: Bytes?, function: Bytes, body: Body) {
        self.id = id
        self.function = function
        self.body = body
    }
}
