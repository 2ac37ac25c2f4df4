import Glibc
import Platform
import Testing

@testable import MemoServer

/// Requests that wait: for a message, for a time, for a commit.
struct EventLoopSuspensionTests {
    private static let wait = "{\"op\":\"get\",\"fn\":\"wait\",\"key\":0,\"id\":\"w\"}\n"

    @Test func aSuspendedConnectionHoldsBackItsOwnRequestsAlone() throws {
        let fixture = try LoopFixture()
        let client = try fixture.connect()
        client.send("{\"op\":\"ping\",\"id\":1}\n" + Self.wait + "{\"op\":\"ping\",\"id\":2}\n")
        #expect(client.line() == "{\"id\":1,\"ok\":true}")
        #expect(fixture.executor.wait { $0.waiting.count == 1 })
        client.send("{\"op\":\"ping\",\"id\":3}\n")
        let other = try fixture.connect()
        other.send("{\"op\":\"ping\"}\n")
        #expect(other.line() == "{\"ok\":true}")
        #expect(!client.hasInput)
        fixture.executor.release(fixture.loops)
        #expect(client.line() == "{\"id\":\"w\",\"ok\":true,\"held\":false}")
        #expect(client.line() == "{\"id\":2,\"ok\":true}")
        #expect(client.line() == "{\"id\":3,\"ok\":true}")
    }

    @Test func severalWaitsOfOneBurst() throws {
        let fixture = try LoopFixture()
        let client = try fixture.connect()
        client.send(String(repeating: Self.wait, count: 20))
        for _ in 0..<20 {
            #expect(fixture.executor.wait { $0.waiting.count == 1 })
            fixture.executor.release(fixture.loops)
            #expect(client.line() == "{\"id\":\"w\",\"ok\":true,\"held\":false}")
        }
    }

    @Test func aDeadlineEndsAWait() throws {
        let fixture = try LoopFixture()
        let clients = try [300, 20, 150].map { milliseconds in
            let client = try fixture.connect()
            client.send("{\"op\":\"get\",\"fn\":\"wait\",\"key\":\(milliseconds)}\n{\"op\":\"ping\"}\n")
            return client
        }
        let begin = BootClock.nowMs
        for (position, least) in [(1, 20), (2, 150), (0, 300)] {
            #expect(clients[position].line() == "{\"ok\":true,\"held\":true}")
            #expect(BootClock.nowMs - begin >= Int64(least) - 20)
            #expect(clients[position].line() == "{\"ok\":true}")
        }
    }

    @Test func aWaitingPeerThatIsGoneIsNoticedAtOnce() throws {
        let fixture = try LoopFixture()
        let client = try fixture.connect()
        client.send(Self.wait + "{\"op\":\"ping\"}\n")
        #expect(fixture.executor.wait { $0.waiting.count == 1 })
        client.close()
        #expect(fixture.executor.wait { $0.closed.count == 1 })
        #expect(fixture.executor.ended.count == 1)
        #expect(fixture.executor.executed == 2)
    }

    @Test func aHalfCloseWhileWaitingEndsTheInputButNotTheWait() throws {
        let fixture = try LoopFixture()
        let client = try fixture.connect()
        client.send(Self.wait)
        #expect(fixture.executor.wait { $0.waiting.count == 1 })
        client.endOutput()
        #expect(fixture.executor.wait { $0.ended.count == 1 })
        #expect(fixture.executor.closed.isEmpty)
        fixture.executor.release(fixture.loops)
        #expect(client.rest() == "{\"id\":\"w\",\"ok\":true,\"held\":false}\n")
        #expect(fixture.executor.wait { $0.closed.count == 1 })
        #expect(fixture.executor.ended.count == 1)
    }

    @Test func requestsBehindAWaitCountAsInputAfterAHalfClose() throws {
        let fixture = try LoopFixture()
        let client = try fixture.connect()
        client.send(Self.wait)
        #expect(fixture.executor.wait { $0.waiting.count == 1 })
        client.send("{\"op\":\"ping\",\"id\":1}\n")
        client.endOutput()
        let other = try fixture.connect()
        other.send("{\"op\":\"ping\"}\n")
        #expect(other.line() == "{\"ok\":true}")
        #expect(fixture.executor.ended.isEmpty)
        fixture.executor.release(fixture.loops)
        #expect(client.rest() == "{\"id\":\"w\",\"ok\":true,\"held\":false}\n{\"id\":1,\"ok\":true}\n")
        #expect(fixture.executor.wait { $0.ended.count == 1 })
    }

    @Test func messagesToNobodyGoNowhere() throws {
        let fixture = try LoopFixture()
        let first = try fixture.connect()
        first.send(Self.wait)
        #expect(fixture.executor.wait { $0.waiting.count == 1 })
        let id = fixture.executor.waiting[0]
        first.close()
        #expect(fixture.executor.wait { $0.closed.count == 1 })
        let second = try fixture.connect()
        second.send(Self.wait)
        #expect(fixture.executor.wait { $0.waiting.count == 1 })
        #expect(fixture.executor.waiting[0].slot == id.slot)
        fixture.loops.post(id, .append(Array("secret\n".utf8)))
        fixture.executor.release(fixture.loops)
        #expect(second.line() == "{\"id\":\"w\",\"ok\":true,\"held\":false}")
    }

    @Test func gatedRepliesWaitForTheirCommit() throws {
        let fixture = try LoopFixture()
        let client = try fixture.connect()
        client.send(
            "{\"op\":\"put\",\"fn\":\"f\",\"key\":1,\"value\":1,\"id\":1}\n{\"op\":\"ping\",\"id\":2}\n"
                + "{\"op\":\"put\",\"fn\":\"f\",\"key\":1,\"value\":1,\"id\":3}\n")
        #expect(fixture.executor.wait { $0.executed == 3 })
        let other = try fixture.connect()
        other.send("{\"op\":\"ping\"}\n")
        #expect(other.line() == "{\"ok\":true}")
        #expect(!client.hasInput)
        fixture.loops.committed(1)
        #expect(client.line() == "{\"id\":1,\"ok\":true,\"stored\":true}")
        #expect(client.line() == "{\"id\":2,\"ok\":true}")
        fixture.loops.committed(2, failedFrom: 2)
        let failed = client.line()
        #expect(failed?.hasPrefix("{\"id\":3,\"ok\":false") == true)
        #expect(failed?.contains("\"code\":\"storage\"") == true)
    }

    @Test func gatesAreBounded() throws {
        var limits = Limits()
        limits.gatesPerConnection = 10
        limits.requestsPerBatch = 5
        let fixture = try LoopFixture(limits: limits)
        let client = try fixture.connect()
        let put = "{\"op\":\"put\",\"fn\":\"f\",\"key\":1,\"value\":1}\n"
        for _ in 0..<200 { client.send(put) }
        var answered = 0
        while answered < 200 {
            #expect(fixture.executor.wait { Int($0.sequence) > answered })
            let sequence = fixture.executor.sequence
            fixture.loops.committed(sequence)
            while answered < Int(sequence), client.line() != nil { answered += 1 }
        }
        #expect(fixture.executor.executed == 200)
    }

    @Test func aPeerThatLeavesBehindAGateIsForgotten() throws {
        let fixture = try LoopFixture()
        let client = try fixture.connect()
        client.send("{\"op\":\"put\",\"fn\":\"f\",\"key\":1,\"value\":1}\n")
        #expect(fixture.executor.wait { $0.executed == 1 })
        client.close()
        #expect(fixture.executor.wait { $0.closed.count == 1 })
        fixture.loops.committed(1)
        let other = try fixture.connect()
        other.send("{\"op\":\"ping\"}\n")
        #expect(other.line() == "{\"ok\":true}")
    }

    @Test func aDrainAnswersWhatWasSent() throws {
        let fixture = try LoopFixture()
        let client = try fixture.connect()
        client.send(Self.wait + String(repeating: "{\"op\":\"ping\"}\n", count: 500))
        #expect(fixture.executor.wait { $0.waiting.count == 1 })
        let idle = try fixture.connect()
        fixture.drain(seconds: 10)
        let lines = try #require(client.rest()).split(separator: "\n")
        #expect(lines.count == 501)
        #expect(lines.first == "{\"id\":\"w\",\"ok\":true,\"held\":true}")
        #expect(idle.rest() == "")
        #expect(fixture.executor.closed.count == 2)
    }

    @Test func aDrainEndsInTime() throws {
        let fixture = try LoopFixture()
        let client = try fixture.connect()
        // Never committed.
        client.send("{\"op\":\"put\",\"fn\":\"f\",\"key\":1,\"value\":1}\n")
        #expect(fixture.executor.wait { $0.executed == 1 })
        let begin = BootClock.nowMs
        fixture.drain(seconds: 1)
        #expect(BootClock.nowMs - begin < 5000)
        #expect(fixture.executor.closed.count == 1)
    }
}
