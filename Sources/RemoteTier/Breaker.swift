/// Opens when a fifth of the look-ups of a second were late. What closes it is a probe that was answered in time, never a
/// client's request.
package struct Breaker: Sendable {
    /// Fewer say nothing.
    package static let sampleLeast = 20

    private var sinceMs: Int64 = 0
    private var count = 0
    private var late = 0
    private var backoff = Backoff()
    package private(set) var isOpen = false

    package init() {}

    /// A look-up was answered, of so many keys.
    /// - Returns: after how many ms to probe, if this opened it.
    package mutating func note(isLate: Bool, nowMs: Int64, keys: Int = 1) -> Int64? {
        guard !isOpen else { return nil }
        if nowMs - sinceMs >= 1000 {
            // A whole second without trouble.
            if count >= Self.sampleLeast { backoff.reset() }
            sinceMs = nowMs
            count = 0
            late = 0
        }
        count += keys
        if isLate { late += keys }
        guard count >= Self.sampleLeast, late * 5 >= count else { return nil }
        isOpen = true
        return backoff.next()
    }

    /// A probe was answered.
    /// - Returns: after how many ms to probe again, if it stays open.
    package mutating func probed(isLate: Bool, nowMs: Int64) -> Int64? {
        guard isOpen else { return nil }
        if isLate { return backoff.next() }
        isOpen = false
        sinceMs = nowMs
        count = 0
        late = 0
        return nil
    }
}
