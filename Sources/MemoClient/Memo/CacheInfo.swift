/// A memoized function's figures, as Python's `cache_info()` has them: the hits and misses of this process.
public struct CacheInfo: Sendable, Equatable, CustomStringConvertible {
    public let hits: Int64
    public let misses: Int64
    /// `nil`: unbounded.
    public let maxsize: Int64?
    /// Entries in the daemon, whoever made them; those at hand in this process if it does not answer.
    public let currsize: Int64

    public var description: String {
        "CacheInfo(hits=\(hits), misses=\(misses), maxsize=\(maxsize.map(String.init) ?? "None"), currsize=\(currsize))"
    }
}
