/// The operations of protocol version 1, by their names on the wire.
package enum Operation: String, CaseIterable, Sendable, BitwiseCopyable {
    case ping, hello, get, put, release, delete, touch, mget, mput, clear, define, info, report
    case functions, keys, stats, sync, why, subscribe, backup, forget, history, advise, map
}

/// A `ttl_ms` or `maxsize` field: left out, `null`, or a number.
package enum Setting: Equatable, Sendable {
    case absent
    case null
    case value(Int64)
}

/// A key in canonical form: two keys are the same JSON value exactly when these bytes are equal.
package struct CanonicalKey {
    /// Numbers that are equal have the same form, however they were spelt.
    package var bytes: Bytes
    /// The form for functions defined `typed`, in which a number written with a fraction or an exponent
    /// differs from an integer. The same view as `bytes` if the key has no such number.
    package var typedBytes: Bytes

    package init(bytes: Bytes, typedBytes: Bytes) {
        self.bytes = bytes
        self.typedBytes = typedBytes
    }

    /// The form for a function that is defined `typed`, or for one that is not.
    @inlinable package func bytes(isTyped: Bool) -> Bytes { isTyped ? typedBytes : bytes }
}

/// One entry to store: the whole of a `put`, or an element of an `mput`'s `entries`.
package struct PutFields {
    package var key: CanonicalKey
    /// The value's JSON text as it was sent, without white space around it.
    package var value: Bytes
    package var ttl: Setting = .absent
    package var staleMs: Int64?
    package var costMs: Int64?
    /// Positions in `RequestParser.tags`: decoded UTF-8, at most 16 of at most 128 bytes each, no repeats.
    package var tags: Range<Int> = 0..<0
    package var lease: Bytes?
    package var durable = false
    package var ifAbsent = false

    package init(key: CanonicalKey, value: Bytes) {
        self.key = key
        self.value = value
    }
}

/// The fields of a `get` beside its key. Kept small, since every request has room for them.
package struct GetFields {
    private var lease: Int32 = -1
    private var wait: Int32 = 0
    private var beta = -1.0
    package var meta = false
    /// Whether other machines may be asked.
    package var remote = true

    package init() {}

    /// At most `WireLimits.leaseMs`, as `waitMs`.
    package var leaseMs: Int64? {
        get { lease < 0 ? nil : Int64(lease) }
        set { lease = newValue.map { Int32($0) } ?? -1 }
    }
    package var waitMs: Int64 {
        get { Int64(wait) }
        set { wait = Int32(newValue) }
    }
    /// XFetch's beta, not negative: `nil` if not asked for.
    package var early: Double? {
        get { beta < 0 ? nil : beta }
        set { beta = newValue ?? -1 }
    }
}

/// Whether a function is shared with other machines.
package enum RemoteField: Equatable, Sendable {
    case on, off
    /// What they have is used, and nothing is given to them.
    case readOnly
    /// As the daemon's settings say.
    case byPattern
}

/// The settings that a `define` changes.
package struct ProfileFields: Equatable, Sendable {
    package var maxsize: Setting = .absent
    package var ttl: Setting = .absent
    package var staleMs: Setting = .absent
    package var typed: Bool?
    package var persist: Bool?
    package var maxBytes: Setting = .absent
    package var remote: RemoteField?
    package var coherent: Bool?
    package var remoteLease: Bool?

    package init() {}
}

/// What a `report` adds.
package struct ReportFields: Equatable, Sendable {
    package var hits: Int64 = 0
    package var savedMs: Int64 = 0
    /// Part of `hits`.
    package var regionHits: Int64 = 0
    package var verified: Int64 = 0
    package var mismatched: Int64 = 0
    /// A position in `RequestParser.mismatches`.
    package var mismatch: Int?

    package init() {}
}

/// The `mismatch` of a `report`: decoded UTF-8.
package struct MismatchFields {
    /// Of the key: at most `WireLimits.digestBytes`.
    package var digest: Bytes
    /// The two results, which may be of any length.
    package var kept: Bytes
    package var computed: Bytes
}

/// A request that was read and found well formed, its fields by operation. Views point into the line it was
/// read from and into the arena of the batch that read it; both outlive its execution.
package struct Request {
    package enum Body {
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

    /// The request's `id` as it was sent, or `nil`.
    package var id: Bytes?
    /// `fn`, decoded; empty if the operation has none.
    package var function: Bytes
    package var body: Body

    package init(id: Bytes?, function: Bytes, body: Body) {
        self.id = id
        self.function = function
        self.body = body
    }
}
