import Glibc
import Testing

@testable import MemoServer

/// Connections that come through a listening socket.
struct EventLoopAcceptingTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.path + "/s" }

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func withServer(
        maxConnections: Int = 100, count: Int = 1, limits: Limits = Limits(),
        _ body: (LoopFixture) throws -> Void
    ) throws {
        let listener = try Listener.listen(path: path, mode: 0o600, group: nil, backlog: 128)
        let fixture = try LoopFixture(
            limits: limits, count: count, maxConnections: maxConnections, listener: listener.descriptor)
        try body(fixture)
        fixture.drain(seconds: 5)
        listener.remove()
    }

    private func isServed(_ client: TestClient) -> Bool {
        client.send("{\"op\":\"ping\"}\n") && client.line() == "{\"ok\":true}"
    }

    @Test func connectionsAreServedBySeveralLoops() throws {
        try withServer(count: 3) { fixture in
            let clients = try (0..<30).map { _ in try #require(TestClient(path: path)) }
            for client in clients { #expect(isServed(client)) }
            #expect(fixture.loops.statistics.connections == 30)
        }
    }

    @Test func tooManyAreToldSoAndCounted() throws {
        try withServer(maxConnections: 3) { fixture in
            var clients = try (0..<3).map { _ in try #require(TestClient(path: path)) }
            for client in clients { #expect(isServed(client)) }
            for _ in 0..<5 {
                let refused = try #require(TestClient(path: path))
                // It can send its request although it was refused, and then reads why.
                #expect(refused.send("{\"op\":\"ping\"}\n"))
                let lines = try #require(refused.rest()).split(separator: "\n")
                #expect(lines.count == 1)
                #expect(lines.first?.contains("\"code\":\"too_many_connections\"") == true)
            }
            #expect(fixture.loops.statistics.refusedTooMany == 5)
            #expect(fixture.loops.statistics.connections == 3)
            clients.removeLast().close()
            #expect(fixture.executor.wait { $0.closed.count == 1 })
            let next = try #require(TestClient(path: path))
            #expect(isServed(next))
        }
    }

    @Test func refusedConnectionsDoNotPileUp() throws {
        var limits = Limits()
        limits.refusals = 4
        limits.refusalMs = 600_000
        try withServer(maxConnections: 1, limits: limits) { fixture in
            let first = try #require(TestClient(path: path))
            #expect(isServed(first))
            let refused = try (0..<10).map { _ in try #require(TestClient(path: path)) }
            #expect(fixture.executor.wait { _ in fixture.loops.statistics.refusedTooMany == 10 })
            for client in refused { #expect(client.rest()?.contains("too_many_connections") == true) }
            #expect(isServed(first))
            // The oldest are closed both ways, the last four still take what is sent.
            #expect(refused.filter { $0.send("x") }.count == 4)
        }
    }

    @Test func aDrainAcceptsNoMore() throws {
        try withServer { fixture in
            let early = try #require(TestClient(path: path))
            #expect(isServed(early))
            fixture.drain(seconds: 5)
            let late = TestClient(path: path)
            #expect(late == nil || late?.hasInput == false)
            #expect(fixture.loops.statistics.accepted == 1)
        }
    }
}
