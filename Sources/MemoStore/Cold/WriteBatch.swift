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

/// What is known of a stored entry without reading its key and value: enough for the index in memory.
public struct EntryHead: Sendable, Equatable {
    /// Row numbers only grow: a younger entry has a larger one.
    public var row: Int64
    public var function: UInt32
    public var hash: UInt64
    /// End of its life, the grace time included, in store time; `Int64.max`: never.
    public var expires: Int64
    public var keyBytes: Int
    public var valueBytes: Int
    /// Numbers of its tags.
    public var tags: [UInt32]
}

public struct TagRow: Sendable, Equatable {
    public var id: UInt32
    public var owner: Int64
    public var name: String
    /// Entries with this tag and a smaller row number were cleared.
    public var clearedBelow: Int64 = 0
}

/// Totals over all functions, those forgotten since included; they never fall.
public struct Totals: Sendable, Equatable {
    public var hits: Int64 = 0
    public var misses: Int64 = 0
    public var savedMs: Int64 = 0
    public var evictions: Int64 = 0
    public var expirations: Int64 = 0
    public var hotHits: Int64 = 0
    public var coldHits: Int64 = 0

    public init() {}
}

/// One change of the database. A batch's changes are made in order, in one transaction. The large cases are
/// indirect, so that the common ones are small.
enum Write {
    /// The payload is immutable, and the queue holds a reference to it until the commit is over.
    case insert(row: Int64, function: UInt32, hash: UInt64, payload: Payload)
    /// - Parameter bytes: what the entry takes; `nil` where its row is to be taken out of the database at once.
    case delete(row: Int64, bytes: Int? = nil)
    /// Inserts or replaces the function's row.
    indirect case function(FunctionRow)
    case forget(function: UInt32)
    /// Inserts or replaces the tag's row.
    indirect case tag(TagRow)
    case forgetTag(UInt32)
    indirect case totals(Totals)
    /// Rows in the order of their last use, oldest first: appended to the journal of uses.
    case uses([Int64])
    /// The same for every entry there is: replaces the journal.
    case order([Int64])
}
