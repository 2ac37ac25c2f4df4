/// Spaces out searches of a full table for what may be forgotten: each looks at all of it under the store's lock, and
/// whoever keeps a table full must not slow everybody down with every request.
struct SearchPacer {
    /// Owners whose last search found little, and when the next may begin.
    private var next: [Int64: Int64] = [:]

    private static let pauseMs: Int64 = 1000
    /// A search is worth its while that finds this part of what it looked through.
    private static let worthyPart = 8

    func mayBegin(_ owner: Int64, now: Int64) -> Bool { now >= next[owner, default: .min] }

    mutating func ended(_ owner: Int64, found: Int, of all: Int, now: Int64) {
        next[owner] = found * Self.worthyPart >= all ? nil : now + Self.pauseMs
    }
}
