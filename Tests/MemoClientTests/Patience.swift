import MemodFixture
import Testing

@testable import MemoClient

// Tests that block run beside those with tasks, on as few threads: a step may take long, and is not late for that.

extension SystemFixture {
    /// A patient client of the fixture's daemon.
    func memo(complain: (@Sendable (String) -> Void)? = nil) -> Memo {
        Memo(path: socket, timeout: .seconds(600), complain: complain)
    }
}

/// Waits until something holds.
func wait(_ what: String, until holds: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(600)
    while try await !holds() {
        try #require(ContinuousClock.now < end, "\(what) did not happen")
        try await Task.sleep(for: .milliseconds(2))
    }
}
