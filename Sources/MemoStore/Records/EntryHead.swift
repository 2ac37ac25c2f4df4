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
