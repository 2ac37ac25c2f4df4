internal import NIOCore

/// Opens where a fifth of the look-ups of a second were late, for a while that doubles as long as it goes on.
struct Breaker {
    private static let sampleLeast = 20
    private static let pauseFirst = TimeAmount.milliseconds(100)
    private static let pauseMax = TimeAmount.seconds(2)

    private var since = NIODeadline.now()
    private var count = 0
    private var late = 0
    private var openUntil: NIODeadline?
    private var pause = Self.pauseFirst

    func isOpen(_ now: NIODeadline) -> Bool { openUntil.map { now < $0 } ?? false }

    mutating func note(isLate: Bool, _ now: NIODeadline) {
        if now - since >= .seconds(1) {
            // A whole second without trouble.
            if count >= Self.sampleLeast, late * 5 < count { pause = Self.pauseFirst }
            since = now
            count = 0
            late = 0
        }
        count += 1
        if isLate { late += 1 }
        guard count >= Self.sampleLeast, late * 5 >= count else { return }
        openUntil = now + pause
        pause = min(pause * 2, Self.pauseMax)
        since = now
        count = 0
        late = 0
    }
}
