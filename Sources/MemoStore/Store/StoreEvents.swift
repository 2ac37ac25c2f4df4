/// What the store tells those who serve connections. Called from its own threads, without its lock held.
package struct StoreEvents: Sendable {
    /// The waits of these connections are over: they ask again.
    package var wake: @Sendable ([ConnectionID]) -> Void
    /// Changes up to this number are in the database.
    package var committed: @Sendable (UInt64) -> Void
    /// Changes up to this number are not, and their commit failed.
    package var failed: @Sendable (UInt64, String) -> Void
    /// What connections asked for was read from disk.
    package var read: @Sendable ([ColdReply]) -> Void
    /// There is something to send to the helper that reaches other machines.
    package var remote: @Sendable () -> Void
    /// For people: what happened to the database.
    package var log: @Sendable (_ isSerious: Bool, String) -> Void

    package init(
        wake: @escaping @Sendable ([ConnectionID]) -> Void, committed: @escaping @Sendable (UInt64) -> Void,
        failed: @escaping @Sendable (UInt64, String) -> Void,
        read: @escaping @Sendable ([ColdReply]) -> Void,
        remote: @escaping @Sendable () -> Void = {},
        log: @escaping @Sendable (_ isSerious: Bool, String) -> Void
    ) {
        self.wake = wake
        self.committed = committed
        self.failed = failed
        self.read = read
        self.remote = remote
        self.log = log
    }
}
