/// Totals over all functions, those forgotten since included; they never fall.
package struct Totals: Sendable, Equatable {
    package var hits: Int64 = 0
    package var misses: Int64 = 0
    package var savedMs: Int64 = 0
    package var evictions: Int64 = 0
    package var expirations: Int64 = 0
    package var hotHits: Int64 = 0
    package var coldHits: Int64 = 0
    package var verified: Int64 = 0
    package var mismatched: Int64 = 0
    package var regionHits: Int64 = 0

    package init() {}
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
        regionHits += other.regionHits
    }
}
