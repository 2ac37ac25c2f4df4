/// What became of a run of writes that were committed together.
public struct CommitResult: Equatable, Sendable {
    /// The sequence number up to which everything has been decided.
    public var through: UInt64
    /// The first sequence number of those up to `through` that failed, or `nil`.
    public var failedFrom: UInt64?

    public init(through: UInt64, failedFrom: UInt64? = nil) {
        self.through = through
        self.failedFrom = failedFrom
    }
}
