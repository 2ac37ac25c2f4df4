import MemodFixture
import Synchronization
import Testing

@testable import MemoClient

/// A result whose end can be seen.
private final class Token: Codable, Sendable, Equatable {
    static func == (left: Token, right: Token) -> Bool { true }
}

/// How long functions and what they know live.
@Suite struct LifetimeSystemTests {
    private typealias Function = Memoized<Token, Int>

    /// - Returns: a result that is at hand in this process.
    private func local(_ function: Function) async throws -> Token {
        try await wait("a result at hand") { try await function(1) === function(1) }
        return try await function(1)
    }

    @Test func whatNobodyCallsAnyMoreIsGone() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let memo = fixture.memo()
        defer { memo.close() }
        weak var token: Token?
        do {
            let function: Function = memo.memoize("f") { _ async throws in Token() }
            token = try await local(function)
        }
        try await wait("the result's end") { token == nil }
    }

    @Test func aNameThatIsRefusedIsNoMatterToOthers() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let complaints = Mutex<[String]>([])
        let memo = fixture.memo { message in complaints.withLock { $0.append(message) } }
        defer { memo.close() }
        let refused: [Function] = ["", String(repeating: "x", count: 513)].map { name in
            memo.memoize(name) { _ async throws in Token() }
        }
        for _ in 1...2 {
            for function in refused { _ = try await function(1) }
        }
        _ = try await local(memo.memoize("f") { _ async throws in Token() })
        #expect(refused.allSatisfy { $0.cacheInfo().misses == 2 })
        let told = complaints.withLock { $0 }
        #expect(told.count == 2 && told.allSatisfy { $0.contains("of the function \"") }, "\(told)")
    }

    @Test func aDaemonThatIsNotThereIsToldOfOnce() async throws {
        let fixture = try SystemFixture()
        let complaints = Mutex<[String]>([])
        let memo = fixture.memo { message in complaints.withLock { $0.append(message) } }
        defer { memo.close() }
        for name in ["f", "g"] {
            let function: Function = memo.memoize(name) { _ async throws in Token() }
            for _ in 1...2 { _ = try await function(1) }
        }
        let told = complaints.withLock { $0 }
        #expect(told.count == 1 && told[0].contains(fixture.socket), "\(told)")
    }

    @Test func nothingIsAtHandOnceItIsClosed() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let memo = fixture.memo()
        let function: Function = memo.memoize("f", singleFlight: true) { _ async throws in Token() }
        _ = try await local(function)
        memo.close()
        // Of what happens to it no one would tell.
        try await wait("computing") { try await function(1) !== function(1) }
        await #expect {
            try await memo.get("f", 1, GetOptions(lease: .seconds(1), wait: .seconds(1)))
        } throws: {
            ($0 as? MemoError)?.code == .disconnected
        }
    }

    @Test func aBoundMayBeAnyNumber() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let memo = fixture.memo()
        defer { memo.close() }
        let function: Function = memo.memoize("f", maxsize: .max) { _ async throws in Token() }
        _ = try await function(1)
        #expect(function.cacheInfo().currsize == 1)
        _ = try await function(1)
        #expect(function.cacheInfo().hits == 1)
    }
}
