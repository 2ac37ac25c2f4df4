/// Whether a loop polls for events some more before it sleeps. A single client asks again a few microseconds after its
/// answer, while putting the loop to sleep and waking it takes longer than serving it.
struct PollingPolicy {
    /// Looks before sleeping: some 50 µs, about what it takes to wake up where an idle virtual processor is slow to.
    static let polls = 200
    /// Turns without looking after looking was in vain, so that clients that take their time cost little.
    static let pause = 16

    /// Where a loop that does not sleep would keep its clients from running.
    let isEnabled: Bool
    private var pausing = 0

    init(processors: Int, loops: Int) { isEnabled = processors > loops }

    /// - Parameter events: of the turn that ends. Several clients need no looking: some of them are always there.
    mutating func polls(after events: Int) -> Int {
        guard isEnabled, events == 1 else { return 0 }
        if pausing > 0 {
            pausing -= 1
            return 0
        }
        return Self.polls
    }

    /// Nothing came while it looked.
    mutating func wasInVain() { pausing = Self.pause }
}
