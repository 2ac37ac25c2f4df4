/// Totals over all functions, those forgotten since included; they never fall.
public struct Totals: Sendable, Equatable {
    public var hits: Int64 = 0
    public var misses: Int64 = 0
    public var savedMs: Int64 = 0
    public var evictions: Int64 = 0
    public var expirations: Int64 = 0
    public var hotHits: Int64 = 0
    public var coldHits: Int64 = 0
    public var verified: Int64 = 0
    public var mismatched: Int64 = 0

    public init() {}
}

extension Totals {
    mutating func add(_ other: Totals) {
        hits += other.hits
        misses += other.misses
        savedMs += other.savedMs
        evictions += other.evictions
        expirations += other.expirations
        hotHits += other.hotHits
        coldHits += other.coldHits
        verified += other.verified
        mismatched += other.mismatched
    }
}
