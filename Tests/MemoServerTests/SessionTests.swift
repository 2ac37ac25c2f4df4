import Foundation
import TestSupport
import Testing

@testable import MemoServer

/// The session's promises, whatever happens in whatever order: all requests are answered in their order, nothing is
/// forgotten, and a connection that can end does.
///
/// `MEMOD_TEST_SESSION` is how many random runs there are.
struct SessionTests {
    private typealias Happening = SimulatedConnection.Happening

    /// - Returns: what went wrong.
    private func run(_ happenings: [(Happening, steps: Int)]) -> String? {
        let connection = SimulatedConnection()
        for (happening, steps) in happenings {
            connection.happens(happening)
            connection.run(steps: steps)
        }
        connection.run()
        connection.finish()
        return connection.problem
    }

    @Test func allShortSequences() {
        let all = Happening.allCases
        let length = 3
        for number in 0..<Int(pow(Double(all.count), Double(length))) {
            var rest = number
            let happenings = (0..<length).map { _ in
                defer { rest /= all.count }
                return (all[rest % all.count], steps: 10_000)
            }
            if let problem = run(happenings) {
                Issue.record("\(happenings.map(\.0)): \(problem)")
                return
            }
        }
    }

    @Test func longSequencesByChance() {
        let runs = ProcessInfo.processInfo.environment["MEMOD_TEST_SESSION"].flatMap { Int($0) } ?? 20_000
        for _ in 0..<runs {
            let seed = UInt64.random(in: 0 ... .max)
            var random = SeededGenerator(seed)
            let happenings = (0..<Int.random(in: 1...40, using: &random)).map { _ in
                (
                    Happening.allCases.randomElement(using: &random)!,
                    steps: [0, 1, 2, 10_000].randomElement(using: &random)!
                )
            }
            if let problem = run(happenings) {
                Issue.record("seed \(seed), \(happenings): \(problem)")
                return
            }
        }
    }
}
