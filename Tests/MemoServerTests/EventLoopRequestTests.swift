import Glibc
import Testing

@testable import MemoServer

/// Requests in, replies out.
struct EventLoopRequestTests {
    @Test func pipelinedRequestsAreAnsweredInOrder() throws {
        let fixture = try LoopFixture()
        let client = try fixture.connect()
        client.send((0..<1000).map { "{\"op\":\"ping\",\"id\":\($0)}\n" }.joined())
        for number in 0..<1000 { #expect(client.line() == "{\"id\":\(number),\"ok\":true}") }
    }

    @Test func errorsAreAnsweredInTheirTurn() throws {
        let fixture = try LoopFixture()
        let client = try fixture.connect()
        client.send(
            "{\"op\":\"ping\",\"id\":1}\nnonsense\n\r\n\n{\"op\":\"dance\",\"id\":2}\n{\"op\":\"ping\",\"id\":3}\n"
        )
        #expect(client.line() == "{\"id\":1,\"ok\":true}")
        #expect(client.line()?.contains("\"code\":\"bad_json\"") == true)
        let unknown = client.line()
        #expect(unknown?.hasPrefix("{\"id\":2,\"ok\":false") == true)
        #expect(unknown?.contains("\"code\":\"unknown_op\"") == true)
        #expect(client.line() == "{\"id\":3,\"ok\":true}")
    }

    @Test func moreThanOneReadTakesIsServedWithoutAnotherEvent() throws {
        let fixture = try LoopFixture()
        let client = try fixture.connect()
        let requests = (0..<6000).map { "{\"op\":\"ping\",\"id\":\($0)}\n" }.joined()
        #expect(requests.utf8.count > 2 * Limits().readBytes)
        client.send(requests)
        for number in 0..<6000 { #expect(client.line() == "{\"id\":\(number),\"ok\":true}") }
    }

    @Test func aRequestMayArriveByteByByte() throws {
        let fixture = try LoopFixture()
        let client = try fixture.connect()
        for round in 0..<3 {
            for byte in "{\"op\":\"ping\",\"id\":\(round)}\n".utf8 { client.send([byte]) }
            #expect(client.line() == "{\"id\":\(round),\"ok\":true}")
        }
    }

    @Test func everythingSentBeforeAHalfCloseIsAnswered() throws {
        let fixture = try LoopFixture()
        let client = try fixture.connect()
        client.send((0..<600).map { "{\"op\":\"ping\",\"id\":\($0)}\n" }.joined() + "{\"op\":\"ping\"}")
        client.endOutput()
        let lines = try #require(client.rest()).split(separator: "\n")
        #expect(lines.count == 601)
        #expect(lines.last == "{\"ok\":true}")
        #expect(fixture.executor.wait { $0.closed.count == 1 })
        #expect(fixture.executor.ended.count == 1)
    }

    @Test func requestsOfAPeerThatHasClosedTakeEffect() throws {
        let fixture = try LoopFixture()
        let client = try fixture.connect()
        client.send(String(repeating: "{\"op\":\"ping\"}\n", count: 500))
        client.close()
        #expect(fixture.executor.wait { $0.closed.count == 1 })
        #expect(fixture.executor.executed == 500)
        #expect(fixture.loops.statistics.connections == 0)
    }

    @Test func aLongLineIsRefusedAndTheNextOneServed() throws {
        let fixture = try LoopFixture(lineLimit: 100_000)
        let client = try fixture.connect()
        for _ in 0..<100 { client.send([UInt8](repeating: 0x78, count: 100_000)) }
        #expect(client.line()?.contains("\"code\":\"too_large\"") == true)
        #expect(fixture.loops.statistics.heldInputBytes == 0)
        client.send("\n{\"op\":\"ping\",\"id\":1}\n")
        #expect(client.line() == "{\"id\":1,\"ok\":true}")
    }

    @Test func aLargeLineWithinTheLimitIsServed() throws {
        let fixture = try LoopFixture()
        let client = try fixture.connect()
        let id = String(repeating: "x", count: 3 << 20)
        client.send("{\"op\":\"ping\",\"id\":\"\(id)\"}\n")
        #expect(client.line() == "{\"id\":\"\(id)\",\"ok\":true}")
        // The line's memory is freed, not kept in the pool.
        client.send("{\"op\":\"ping\"}\n")
        #expect(client.line() == "{\"ok\":true}")
        #expect(fixture.loops.statistics.poolBytes <= 4 * Limits().readBytes)
    }

    @Test func unfinishedLinesAreBoundedTogether() throws {
        var limits = Limits()
        limits.heldInputBytes = 1 << 20
        let fixture = try LoopFixture(limits: limits)
        let clients = try (0..<3).map { _ in try fixture.connect() }
        for client in clients.prefix(2) {
            client.send([UInt8](repeating: 0x78, count: 400_000))
            client.send("\n{\"op\":\"ping\"}\n")
            #expect(client.line()?.contains("bad_json") == true)
            #expect(client.line() == "{\"ok\":true}")
        }
        // Both begin a line, the third finds no room for its own.
        for client in clients.prefix(2) { client.send([UInt8](repeating: 0x78, count: 500_000)) }
        clients[2].send([UInt8](repeating: 0x78, count: 500_000))
        var waiting = clients.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        #expect(poll(&waiting, 3, 10_000) == 1)
        let refused = zip(clients, waiting).first { $1.revents != 0 }?.0
        let client = try #require(refused)
        #expect(client.line()?.contains("\"code\":\"busy\"") == true)
        client.send("\n{\"op\":\"ping\",\"id\":5}\n")
        #expect(client.line() == "{\"id\":5,\"ok\":true}")
        #expect(fixture.loops.statistics.heldInputBytes <= 1 << 20)
    }

    @Test func oneByteAtATimeFromManyDelaysNobody() throws {
        let fixture = try LoopFixture()
        let slow = try (0..<200).map { _ in try fixture.connect() }
        for client in slow { client.send("{\"op\":\"pi") }
        let client = try fixture.connect()
        client.send("{\"op\":\"ping\"}\n")
        #expect(client.line() == "{\"ok\":true}")
        for client in slow { client.send("ng\"}\n") }
        for client in slow { #expect(client.line() == "{\"ok\":true}") }
    }

    @Test func buffersReturnToThePoolZeroed() throws {
        let fixture = try LoopFixture()
        for _ in 0..<20 {
            let client = try fixture.connect()
            client.send("{\"op\":\"ping\"}\n")
            #expect(client.line() == "{\"ok\":true}")
        }
        #expect(fixture.executor.wait { $0.closed.count == 20 })
        let statistics = fixture.loops.statistics
        #expect(statistics.buffersInUse == 0)
        #expect(statistics.idleBuffers == 2)
        #expect(statistics.accepted == 20)
    }

    @Test func severalLoopsServe() throws {
        let fixture = try LoopFixture(count: 3)
        let clients = try (0..<9).map { try fixture.connect(loop: $0 % 3) }
        for (number, client) in clients.enumerated() { client.send("{\"op\":\"ping\",\"id\":\(number)}\n") }
        for (number, client) in clients.enumerated() {
            #expect(client.line() == "{\"id\":\(number),\"ok\":true}")
        }
    }
}
