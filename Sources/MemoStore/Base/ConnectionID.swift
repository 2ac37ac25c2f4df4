/// A connection's name for the life of the daemon; never used twice. Whoever serves connections says what its bits mean.
package struct ConnectionID: Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }
}
