/// What a function is in the database: the profile that all its entries share.
package struct FunctionRow: Sendable, Equatable {
    package var id: FunctionID
    /// The uid it belongs to under isolation, or `FunctionRow.everyone`.
    package var owner: Int64
    package var name: String
    /// `nil`: unbounded.
    package var maxsize: Int64?
    package var ttlMs: Int64?
    package var staleMs: Int64?
    /// The most that its entries may take, as on disk; `nil`: unbounded.
    package var maxBytes: Int64?
    package var typed = false
    /// Whether its entries go to the disk; else they live in memory only.
    package var persists = true
    package var hits: Int64 = 0
    package var misses: Int64 = 0
    package var savedMs: Int64 = 0
    package var evictions: Int64 = 0
    package var expirations: Int64 = 0
    /// Hits that a client computed again, and those of them that gave another result.
    package var verified: Int64 = 0
    package var mismatched: Int64 = 0
    /// Those of the hits that were read from published memory.
    package var regionHits: Int64 = 0
    /// Entries of this function with a smaller row number were cleared, whether or not they are still there.
    package var clearedBelow: Int64 = 0
    /// Whether `define` was ever called: a function that was only looked up is forgotten when empty.
    package var defined = false
    /// When something was last counted for it or set, in store time; 0: not known.
    package var usedMs: Int64 = 0

    package static let everyone: Int64 = -1

    package init(id: FunctionID, owner: Int64, name: String) {
        self.id = id
        self.owner = owner
        self.name = name
    }

    var lookups: Int64 { hits &+ misses }

    /// Whether its entries are kept in the order of their last use, because there may be too many of them.
    var isBounded: Bool { maxsize != nil || maxBytes != nil }

    mutating func resetCounters() {
        hits = 0
        misses = 0
        savedMs = 0
        evictions = 0
        expirations = 0
        verified = 0
        mismatched = 0
        regionHits = 0
    }

    /// Whether nothing is counted and nothing set: without entries, there is nothing to list then.
    package var isBlank: Bool {
        hits == 0 && misses == 0 && savedMs == 0 && evictions == 0 && expirations == 0
            && verified == 0 && mismatched == 0 && !isBounded && ttlMs == nil && staleMs == nil && !typed
            && persists
    }
}
