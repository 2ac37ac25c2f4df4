/// What sharing equal values saves on disk.
struct InterningFigures: Equatable, Sendable {
    /// Values that are shared.
    var values = 0
    /// Entries that refer to them.
    var references = 0
    /// What the references would take if each had its own copy, less what the values take.
    var savedBytes: Int64 = 0
}
