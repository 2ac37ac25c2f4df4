package struct StoreConfiguration: Sendable {
    package var databasePath: String
    package var hotBytes = 256 << 20
    package var coldBytes = 4 << 30
    package var durability = Durability.normal
    /// The commit of a change begins at the latest after this.
    package var flushIntervalMs: Int64 = 100
    package var interning = true
    /// Memory in which hits are published; 0: none are.
    package var sharedBytes = 0
    /// Whether entries belong to users, who then have a region each.
    package var isolatesOwners = false
    package var limits = StoreLimits()

    package init(databasePath: String) { self.databasePath = databasePath }
}
