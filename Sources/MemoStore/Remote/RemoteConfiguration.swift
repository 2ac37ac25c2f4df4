internal import RemoteLink

/// How this host shares with others.
package struct RemoteConfiguration: Sendable {
    package enum Mode: String, Sendable, CaseIterable {
        case readWrite = "read-write"
        case readOnly = "read-only"
        case writeOnly = "write-only"
    }

    package var namespace: String
    package var mode = Mode.readWrite
    /// How long a request waits for it.
    package var budgetMs: Int64 = 25
    /// Larger values stay here.
    package var valueMax = 1 << 20
    /// What may wait to be sent.
    package var queueBytes = 64 << 20
    /// Which functions are shared where `define` does not say.
    package var isShared: @Sendable (String) -> Bool

    package init(namespace: String, isShared: @escaping @Sendable (String) -> Bool) {
        self.namespace = namespace
        self.isShared = isShared
    }

    /// - Parameter instance: of this run.
    func hello(instance: UInt64) -> LinkRequest.Hello {
        LinkRequest.Hello(
            namespace: Array(namespace.utf8), instance: instance, valueMax: UInt64(valueMax),
            queueBytes: UInt64(queueBytes), isReadOnly: mode == .readOnly)
    }
}
