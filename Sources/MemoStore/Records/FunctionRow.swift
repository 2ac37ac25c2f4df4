/// What a function is in the database: the profile that all its entries share.
public struct FunctionRow: Sendable, Equatable {
    /// Counted from 1; never used twice.
    public var id: UInt32
    /// The uid it belongs to under isolation, or `FunctionRow.everyone`.
    public var owner: Int64
    public var name: String
    /// `nil`: unbounded.
    public var maxsize: Int64?
    public var ttlMs: Int64?
    public var staleMs: Int64?
    /// The most that its entries may take, as on disk; `nil`: unbounded.
    public var maxBytes: Int64?
    public var typed = false
    /// Whether its entries go to the disk; else they live in memory only.
    public var persists = true
    public var hits: Int64 = 0
    public var misses: Int64 = 0
    public var savedMs: Int64 = 0
    public var evictions: Int64 = 0
    public var expirations: Int64 = 0
    /// Hits that a client computed again, and those of them that gave another result.
    public var verified: Int64 = 0
    public var mismatched: Int64 = 0
    /// Entries of this function with a smaller row number were cleared, whether or not they are still there.
    public var clearedBelow: Int64 = 0
    /// Whether `define` was ever called: a function that was only looked up is forgotten when empty.
    public var defined = false
    /// When something was last counted for it or set, in store time; 0: not known.
    public var usedMs: Int64 = 0

    public static let everyone: Int64 = -1

    public init(id: UInt32, owner: Int64, name: String) {
        self.id = id
        self.owner = owner
        self.name = name
    }

    /// Whether its entries are kept in the order of their last use, because there may be too many of them.
    var isBounded: Bool { maxsize != nil || maxBytes != nil }

    /// Whether nothing is counted and nothing set: without entries, there is nothing to list then.
    package var isBlank: Bool {
        hits == 0 && misses == 0 && savedMs == 0 && evictions == 0 && expirations == 0
            && verified == 0 && mismatched == 0 && !isBounded && ttlMs == nil && staleMs == nil && !typed
            && persists
    }
}
