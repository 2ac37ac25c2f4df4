/// How long to wait before the next attempt: longer each time, and never for two alike.
package struct Backoff: Sendable {
    package static let firstMs: Int64 = 100
    package static let maxMs: Int64 = 2000

    private var nextMs = Self.firstMs

    package init() {}

    /// Half of it is left to chance.
    package mutating func next() -> Int64 {
        defer { nextMs = min(nextMs * 2, Self.maxMs) }
        return Int64.random(in: nextMs / 2...nextMs)
    }

    package mutating func reset() { nextMs = Self.firstMs }
}
