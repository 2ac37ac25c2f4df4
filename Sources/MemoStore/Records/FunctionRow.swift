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
    public var typed = false
    public var hits: Int64 = 0
    public var misses: Int64 = 0
    public var savedMs: Int64 = 0
    public var evictions: Int64 = 0
    public var expirations: Int64 = 0
    /// Entries of this function with a smaller row number were cleared, whether or not they are still there.
    public var clearedBelow: Int64 = 0
    /// Whether `define` was ever called: a function that was only looked up is forgotten when empty.
    public var defined = false

    public static let everyone: Int64 = -1

    public init(id: UInt32, owner: Int64, name: String) {
        self.id = id
        self.owner = owner
        self.name = name
    }
}
