/// What was counted in a span of time.
package struct HistoryCounters: Sendable, Equatable {
    package var hits: Int64 = 0
    package var misses: Int64 = 0
    package var savedMs: Int64 = 0
    package var evictions: Int64 = 0

    package init(hits: Int64 = 0, misses: Int64 = 0, savedMs: Int64 = 0, evictions: Int64 = 0) {
        self.hits = hits
        self.misses = misses
        self.savedMs = savedMs
        self.evictions = evictions
    }

    var isZero: Bool { hits == 0 && misses == 0 && savedMs == 0 && evictions == 0 }

    mutating func add(_ other: HistoryCounters) {
        hits.addSaturating(other.hits)
        misses.addSaturating(other.misses)
        savedMs.addSaturating(other.savedMs)
        evictions.addSaturating(other.evictions)
    }

    /// What was counted since `earlier`; a counter that was set back counts from zero.
    func since(_ earlier: HistoryCounters) -> HistoryCounters {
        func more(_ now: Int64, _ then: Int64) -> Int64 { now >= then ? now - then : now }
        return HistoryCounters(
            hits: more(hits, earlier.hits), misses: more(misses, earlier.misses),
            savedMs: more(savedMs, earlier.savedMs), evictions: more(evictions, earlier.evictions))
    }
}

/// What there was at the end of a span of time.
package struct HistoryGauges: Sendable, Equatable {
    package var entries: Int64 = 0
    package var hotBytes: Int64 = 0
    package var coldBytes: Int64 = 0

    package init() {}

    package init(entries: Int64, hotBytes: Int64, coldBytes: Int64) {
        self.entries = entries
        self.hotBytes = hotBytes
        self.coldBytes = coldBytes
    }

    mutating func add(_ other: HistoryGauges) {
        entries += other.entries
        hotBytes += other.hotBytes
        coldBytes += other.coldBytes
    }
}

/// One step of a history. A step in which nothing happened is all zeroes.
package struct HistoryPoint: Sendable, Equatable {
    package var counters = HistoryCounters()
    package var gauges = HistoryGauges()

    package init() {}

    /// Adds what happened later in the same step.
    mutating func add(_ later: HistoryPoint) {
        counters.add(later.counters)
        gauges = later.gauges
    }
}
