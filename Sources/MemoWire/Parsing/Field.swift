/// The fields that requests have, by their names on the wire.
enum Field: String, CaseIterable {
    case op, id, fn, key, value, keys, entries, meta, early, tags, tag, lease, durable, all, maxsize, typed
    case hits, limit, after, client, path, pattern, persist, points
    case verified, mismatched, mismatch, mismatches, digest, kept, computed
    case leaseMs = "lease_ms"
    case waitMs = "wait_ms"
    case ttlMs = "ttl_ms"
    case staleMs = "stale_ms"
    case costMs = "cost_ms"
    case savedMs = "saved_ms"
    case ifAbsent = "if_absent"
    case maxBytes = "max_bytes"
    case spanMs = "span_ms"
    case regionHits = "region_hits"
    case remote, coherent
    case remoteLease = "remote_lease"
    case waitRemoteMs = "wait_remote_ms"

    /// The field's position in `allCases`.
    @inline(__always) var index: Int { Int(truncatingIfNeeded: unsafeBitCast(self, to: UInt8.self)) }

    static let table = NameTable(allCases.map { ($0.rawValue, $0) })
}

/// A set of fields.
struct FieldSet: Equatable, BitwiseCopyable {
    private(set) var bits: UInt64 = 0

    @inline(__always) init() {}

    @inline(__always) init(bits: UInt64) { self.bits = bits }

    init(_ fields: [Field]) {
        for field in fields { insert(field) }
    }

    @inline(__always) func contains(_ field: Field) -> Bool {
        bits & (1 &<< UInt64(truncatingIfNeeded: field.index)) != 0
    }

    @inline(__always) mutating func insert(_ field: Field) {
        bits |= 1 &<< UInt64(truncatingIfNeeded: field.index)
    }

    @inline(__always) func isSubset(of other: FieldSet) -> Bool { bits & ~other.bits == 0 }

    @inline(__always) func intersects(_ other: FieldSet) -> Bool { bits & other.bits != 0 }

    /// The first field that `other` has not.
    func first(notIn other: FieldSet) -> Field? {
        Field.allCases.first { contains($0) && !other.contains($0) }
    }
}
