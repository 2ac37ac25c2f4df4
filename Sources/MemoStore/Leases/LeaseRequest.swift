/// What a `get` that asks for a lease says of itself.
package struct LeaseRequest {
    package var connection: ConnectionID
    package var uid: UInt32
    package var leaseMs: Int64
    /// Whether it may (still) wait.
    package var mayWait: Bool
    /// Whether its user has only a share of the leases.
    package var isLimited: Bool

    package init(
        connection: ConnectionID, uid: UInt32, leaseMs: Int64, mayWait: Bool, isLimited: Bool = false
    ) {
        self.connection = connection
        self.uid = uid
        self.leaseMs = leaseMs
        self.mayWait = mayWait
        self.isLimited = isLimited
    }
}
