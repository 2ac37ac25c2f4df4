public struct TagRow: Sendable, Equatable {
    public var id: UInt32
    public var owner: Int64
    public var name: String
    /// Entries with this tag and a smaller row number were cleared.
    public var clearedBelow: Int64 = 0
}
