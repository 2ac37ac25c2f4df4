/// What became of a run of writes that were committed together.
package struct CommitResult: Equatable, Sendable {
    /// The sequence number up to which everything has been decided.
    package var through: UInt64
    /// The first sequence number of those up to `through` that failed, or `nil`.
    package var failedFrom: UInt64?

    package init(through: UInt64, failedFrom: UInt64? = nil) {
        self.through = through
        self.failedFrom = failedFrom
    }
}
