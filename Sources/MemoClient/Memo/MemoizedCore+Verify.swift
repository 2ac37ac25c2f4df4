extension MemoizedCore {
    /// Computes a hit again. What differs replaces what was kept; a failure changes nothing.
    /// - Parameters:
    ///   - kept: what the daemon has, as `lookup` brought it.
    /// - Returns: the result that counts.
    func verified<Result: Codable & Sendable>(
        _ key: MemoizedKey, _ kept: Result, _ lookup: Lookup, _ began: ContinuousClock.Instant,
        _ generation: UInt64, in flight: Flight?, _ compute: @Sendable () async throws -> Result
    ) async -> Result {
        guard let value = lookup.value else { return kept }
        do {
            let (result, cost) = try await measured(in: flight ?? Self.flight, compute)
            let mismatch = Verifier.mismatch(key, kept: kept, value, computed: result)
            cache.countVerified(mismatch)
            guard let mismatch else {
                keep(key, kept, lookup, value.bytes.count, began, generation)
                return kept
            }
            memo.diagnostics.differs(cache.name, key, mismatch)
            await store(key, result, cost, nil, cache.forget(key.canonical), on: flight?.channel)
            memo.invalidations.replaced(cache, key.canonical)
            return result
        } catch {
            if !(error is CancellationError) { memo.diagnostics.unverified(cache.name, error) }
            keep(key, kept, lookup, value.bytes.count, began, generation)
            return kept
        }
    }
}
