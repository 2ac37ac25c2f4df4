/// What stands there for a key, for those who only want to know.
package enum RemoteWhereabouts: Sendable {
    /// The function is not shared.
    case off
    case unreachable
    case absent
    case deleted
    /// Something that is no entry of this key, or sealed with another key.
    case unreadable
    /// It was computed before something was cleared.
    case outdated(RemoteEntry)
    case present(RemoteEntry)
}

/// An entry, without its value.
package struct RemoteEntry: Sendable {
    package var bytes: Int
    /// Fresh for this long yet; `nil`: for ever.
    package var ttlMs: Int64?
    package var staleMs: Int64
    package var costMs: Int64
    package var tags: [String]
}
