package struct StoreConfiguration: Sendable {
    package var databasePath: String
    package var hotBytes = 256 << 20
    package var coldBytes = 4 << 30
    package var durability = Durability.normal
    /// The commit of a change begins at the latest after this.
    package var flushIntervalMs: Int64 = 100
    package var interning = true
    package var limits = StoreLimits()

    package init(databasePath: String) { self.databasePath = databasePath }
}
