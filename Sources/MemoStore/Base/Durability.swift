package enum Durability: String, Sendable {
    /// A commit survives the death of the process; power loss costs at most the newest commits.
    case normal
    /// A commit survives power loss.
    case full
}
