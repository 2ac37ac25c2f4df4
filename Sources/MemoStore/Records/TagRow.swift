package struct TagRow: Sendable, Equatable {
    package var id: TagID
    package var owner: Int64
    package var name: String
    /// Entries with this tag and a smaller row number were cleared.
    package var clearedBelow: Int64 = 0
}
