import Foundation
import MemodFixture
import Synchronization
import Testing

@testable import MemoClient

/// `memoize(verify:)`: hits that are computed again.
@Suite struct VerifySystemTests {
    private final class Script: Sendable {
        struct State {
            var value = 1
            var calls = 0
        }

        let state = Mutex(State())
        let said = Mutex<[String]>([])
        var calls: Int { state.withLock { $0.calls } }
        var warnings: [String] { said.withLock { $0 } }

        func result(_ argument: Int) throws -> Int {
            try state.withLock { (state: inout State) throws -> Int in
                state.calls += 1
                if state.value < 0 { throw MemoError(.storage, "now") }
                return state.value + argument
            }
        }

        func set(_ value: Int) { state.withLock { $0 = State(value: value) } }
    }

    /// Calls the function for some arguments, as a program of its own does.
    private func program(
        _ fixture: SystemFixture, _ script: Script, verify: Verification?, arguments: Range<Int> = 0..<5,
        singleFlight: Bool = false
    ) async throws -> (results: [Int], info: CacheInfo) {
        let memo = Memo(path: fixture.socket) { line in script.said.withLock { $0.append(line) } }
        defer { memo.close() }
        let function = memo.memoize("verified", singleFlight: singleFlight, verify: verify) {
            (argument: Int) async throws in try script.result(argument)
        }
        var results: [Int] = []
        for argument in arguments { results.append(try await function(argument)) }
        return (results, function.cacheInfo())
    }

    @Test(arguments: [false, true])
    func whatDiffersIsSaidReplacedAndReported(singleFlight: Bool) async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let script = Script()
        let first = try await program(fixture, script, verify: 1, singleFlight: singleFlight)
        #expect(first.results == [1, 2, 3, 4, 5] && script.calls == 5)
        script.set(1)
        // All the same: nothing is said, and every call is a hit.
        let second = try await program(fixture, script, verify: 1.0, singleFlight: singleFlight)
        #expect(second.results == first.results && script.calls == 5 && script.warnings.isEmpty)
        #expect(second.info.hits == 5 && second.info.misses == 0)
        script.set(11)
        #expect(
            try await program(fixture, script, verify: nil, singleFlight: singleFlight).results
                == first.results)
        #expect(script.calls == 0)
        let third = try await program(fixture, script, verify: .first, singleFlight: singleFlight)
        #expect(third.results == [11, 2, 3, 4, 5] && script.calls == 1)
        let warning = try #require(script.warnings.first)
        #expect(script.warnings.count == 1)
        #expect(warning.contains("verified(0) gave 11, but 1 was kept"))
        #expect(
            try await program(fixture, script, verify: 0, singleFlight: singleFlight).results == [
                11, 2, 3, 4, 5,
            ])
        let client = BlockingClient(path: fixture.socket)
        let info = try client.perform(.info("verified", mismatches: true))
        #expect(info.verified == 6 && info.mismatched == 1)
        let mismatch = try #require(try info.mismatches.first)
        #expect(mismatch.kept == "1" && mismatch.computed == "11" && mismatch.digest.utf8.count == 32)
    }

    @Test func aFunctionThatThrowsLeavesWhatWasKept() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let script = Script()
        _ = try await program(fixture, script, verify: nil)
        script.set(-1)
        #expect(try await program(fixture, script, verify: 1).results == [1, 2, 3, 4, 5])
        #expect(script.calls == 5 && script.warnings.count == 1)
        #expect(script.warnings[0].contains("could not be verified"))
        let info = try BlockingClient(path: fixture.socket).info("verified")
        #expect(info.verified == 0)
    }

    @Test func aShareIsTakenByChance() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let script = Script()
        _ = try await program(fixture, script, verify: nil, arguments: 0..<100)
        script.set(1)
        _ = try await program(fixture, script, verify: 0.5, arguments: 0..<100)
        // Outside these bounds once in 10^9.
        #expect((20...80).contains(script.calls))
    }

    @Test func theEnvironmentsWordIsUnderstood() {
        #expect(Verification("first") == .first)
        #expect(Verification("0.25") == .share(0.25))
        #expect(Verification("1") == .share(1))
        for wrong in ["", "often", "1.5", "-0.1", "nan", "inf"] { #expect(Verification(wrong) == nil) }
    }

    private struct Unordered: Codable, Sendable {
        var names: [String: Double]
        var kind: String
    }

    @Test func resultsAreComparedByWhatTheyAre() throws {
        let names = Dictionary(uniqueKeysWithValues: (0..<50).map { ("\($0)", Double($0)) })
        #expect(
            RoundTrip.areEqual(
                Unordered(names: names, kind: "a"),
                Unordered(names: Dictionary(uniqueKeysWithValues: names.reversed()), kind: "a")))
        #expect(
            !RoundTrip.areEqual(Unordered(names: names, kind: "a"), Unordered(names: names, kind: "b")))
        #expect(!RoundTrip.areEqual([1, 2], [2, 1]))
    }

    @Test func textIsShortenedToWholeCharacters() {
        let long = String(repeating: "é", count: 150)
        let short = Verifier.shortened(long)
        #expect(short.utf8.count <= 200 && short.hasSuffix("é..."))
        #expect(Verifier.shortened("short") == "short")
    }
}
