import Glibc
import Testing

@testable import MemoServer

/// Peers that do not read, subscribers that read too slowly.
struct EventLoopBackPressureTests {
    private func limits() -> Limits {
        var limits = Limits()
        limits.outputHighWater = 1 << 20
        limits.outputLowWater = 64 << 10
        limits.eventHighWater = 512 << 10
        return limits
    }

    private static let request = "{\"op\":\"get\",\"fn\":\"bytes\",\"key\":100000}\n"

    @Test func aPeerThatDoesNotReadIsNotServedOn() throws {
        let fixture = try LoopFixture(limits: limits())
        let client = try fixture.connect()
        let other = try fixture.connect()
        client.send(String(repeating: Self.request, count: 100))
        // Executed until the output is full: that of the socket and a megabyte beside.
        #expect(fixture.executor.wait { $0.executed >= 10 })
        other.send("{\"op\":\"ping\"}\n")
        #expect(other.line() == "{\"ok\":true}")
        #expect(fixture.executor.executed < 30)
        #expect(fixture.loops.statistics.heldOutputBytes < 1_200_000)
        // Once it reads everything comes, in order.
        for _ in 0..<100 { #expect(client.line()?.utf8.count == 100_000 + 22) }
        #expect(!client.hasInput)
        #expect(fixture.executor.wait { _ in fixture.loops.statistics.heldOutputBytes == 0 })
    }

    @Test func outputThatIsFullAndThenSentAtOnceHoldsUpNothing() throws {
        var limits = limits()
        // Less than the socket takes: as with a peer that reads as fast as it is sent to.
        limits.outputHighWater = 50_000
        limits.outputLowWater = 10_000
        let fixture = try LoopFixture(limits: limits)
        let client = try fixture.connect()
        client.send(String(repeating: Self.request, count: 100))
        for _ in 0..<100 { try #require(client.line()?.utf8.count == 100_000 + 22) }
    }

    @Test func aPeerThatGoesWhileItsOutputIsFullIsForgotten() throws {
        let fixture = try LoopFixture(limits: limits())
        let client = try fixture.connect()
        client.send(String(repeating: Self.request, count: 100))
        #expect(fixture.executor.wait { $0.executed >= 10 })
        client.close()
        #expect(fixture.executor.wait { $0.closed.count == 1 })
        #expect(fixture.loops.statistics.connections == 0)
        #expect(fixture.loops.statistics.heldOutputBytes == 0)
    }

    @Test func inputIsNotReadEitherWhileTheOutputIsFull() throws {
        let fixture = try LoopFixture(limits: limits())
        let client = try fixture.connect()
        let flood = [UInt8](String(repeating: Self.request, count: 2000).utf8)
        var sent = client.sendAvailable(flood)
        #expect(fixture.executor.wait { $0.executed >= 10 })
        // The socket's buffer fills up.
        while true {
            let count = client.sendAvailable(Array(flood[(sent % flood.count)...]))
            if count <= 0 { break }
            sent += count
            #expect(sent < 4 << 20)
            if sent >= 4 << 20 { break }
        }
        #expect(fixture.executor.executed < 30)
    }

    @Test func aPeerThatNeverReadsIsDisconnected() throws {
        var limits = limits()
        limits.stalledPeerMs = 50
        let fixture = try LoopFixture(limits: limits)
        let client = try fixture.connect()
        client.send(String(repeating: Self.request, count: 100))
        #expect(fixture.executor.wait { $0.closed.count == 1 })
        #expect(fixture.loops.statistics.stalled == 1)
        #expect(fixture.loops.statistics.connections == 0)
        #expect(fixture.loops.statistics.heldOutputBytes == 0)
    }

    @Test func aPeerThatReadsNothingButHoldsUpNothingStays() throws {
        var limits = limits()
        limits.stalledPeerMs = 50
        let fixture = try LoopFixture(limits: limits)
        let client = try fixture.connect()
        client.send(String(repeating: Self.request, count: 6))
        #expect(fixture.executor.wait { $0.executed == 6 })
        let other = try fixture.connect()
        // Ends when a time has passed that is longer than the limit.
        other.send("{\"op\":\"get\",\"fn\":\"wait\",\"key\":200}\n")
        #expect(other.line() == "{\"ok\":true,\"held\":true}")
        for _ in 0..<6 { #expect(client.line() != nil) }
    }

    @Test func unsentOutputIsBoundedTogether() throws {
        var limits = limits()
        limits.heldOutputBytes = 2 << 20
        // Those read last wait long on a busy machine.
        limits.stalledPeerMs = 120_000
        let fixture = try LoopFixture(limits: limits)
        let clients = try (0..<10).map { _ in try fixture.connect() }
        for client in clients { client.send(String(repeating: Self.request, count: 50)) }
        #expect(fixture.executor.wait { _ in fixture.loops.statistics.heldOutputBytes > 2 << 20 })
        for client in clients.reversed() {
            for _ in 0..<50 { #expect(client.line()?.utf8.count == 100_022) }
        }
        #expect(fixture.executor.executed == 500)
        #expect(fixture.executor.wait { _ in fixture.loops.statistics.heldOutputBytes == 0 })
    }

    @Test func aSubscriberThatIsTooSlowIsToldOfItsLoss() throws {
        var limits = limits()
        // All that came in one turn is given in one.
        limits.eventTurnNs = .max / 2
        let fixture = try LoopFixture(limits: limits)
        let client = try fixture.connect()
        client.send("{\"op\":\"subscribe\"}\n")
        #expect(client.line() == "{\"ok\":true}")
        let id = try #require(fixture.executor.subscribers.first)
        client.send("{\"op\":\"get\",\"fn\":\"wait\",\"key\":0}\n")
        #expect(fixture.executor.wait { $0.waiting.count == 1 })
        let event = Array("{\"event\":\"put\",\"fn\":\"\(String(repeating: "f", count: 4000))\"}\n".utf8)
        for _ in 0..<2000 { fixture.loops.post(id, .append(event)) }
        // Events are given in their order, to whomever they go.
        let other = try fixture.connect()
        other.send("{\"op\":\"subscribe\"}\n")
        #expect(other.line() == "{\"ok\":true}")
        fixture.loops.post(
            try #require(fixture.executor.subscribers.last), .append(Array("{\"event\":\"last\"}\n".utf8)))
        #expect(other.line() == "{\"event\":\"last\"}")
        fixture.executor.release(fixture.loops)
        #expect(fixture.executor.wait { $0.waiting.isEmpty })
        var events = 0
        var replies = 0
        while let line = client.line(), line != "{\"event\":\"lost\"}" {
            if line == "{\"ok\":true,\"held\":false}" {
                replies += 1
            } else {
                #expect(line.utf8.count == event.count - 1)
                events += 1
            }
        }
        #expect(replies == 1)
        #expect(events > 100)
        #expect(events < 400)
        fixture.loops.post(id, .append(Array("{\"event\":\"again\"}\n".utf8)))
        #expect(client.line() == "{\"event\":\"again\"}")
    }

    @Test func eventsComeInOrder() throws {
        let fixture = try LoopFixture()
        let client = try fixture.connect()
        client.send("{\"op\":\"subscribe\"}\n")
        #expect(client.line() == "{\"ok\":true}")
        let id = try #require(fixture.executor.subscribers.first)
        for number in 0..<500 { fixture.loops.post(id, .append(Array("{\"event\":\(number)}\n".utf8))) }
        for number in 0..<500 { #expect(client.line() == "{\"event\":\(number)}") }
    }
}
