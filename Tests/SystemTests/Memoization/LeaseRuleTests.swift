import Foundation
import Testing

/// How leases pass from one to the next, and what holds for those that are lost.
@Suite struct LeaseRuleTests {
    private static let patient = "\"lease_ms\":60000,\"wait_ms\":60000"

    private func waiters(_ count: Int, _ observer: Peer) throws {
        try observer.until("\(count) wait") { try $0.stats().int("leases.waiters") == count }
    }

    private func threads(_ daemon: Daemon) throws -> Int { try daemon.memoryKB("Threads") }

    @Test func aThousandThatWaitCostNoThreadAndNoPolling() throws {
        let daemon = try Daemon()
        let observer = try daemon.connect()
        let peers = try (0..<1000).map { _ in try daemon.connect() }
        let threads = try threads(daemon)
        for peer in peers { try peer.send(Peer.request("get", "f", "\"key\":1", Self.patient)) }
        try waiters(999, observer)
        // Waiting costs no thread, and no one looks again and again.
        #expect(try self.threads(daemon) <= threads)
        let before = try daemon.processorSeconds()
        #expect(try peers[999].isSilent(for: 0.5) || peers[0].isSilent(for: 0))
        #expect(try daemon.processorSeconds() - before < 0.2)

        var answers = 0
        for peer in peers where try !peer.isSilent(for: 0) {
            let reply = try peer.reply()
            let lease = try #require(reply.string("lease"))
            answers += 1
            #expect(try peer.put("f", "1", "\"computed\"", "\"lease\":\"\(lease)\"").bool("stored") == true)
            for other in peers where other !== peer {
                let reply = try other.reply()
                #expect(reply.value == "\"computed\"")
                #expect(!reply.has("lease"))
            }
            break
        }
        #expect(answers == 1)
        let stats = try observer.stats()
        #expect(stats.int("leases.waiters") == 0)
        #expect(stats.int("leases.held") == 0)
        #expect(stats.int("hits") == 999)
        #expect(stats.int("misses") == 1)
    }

    enum End: CaseIterable { case release, disconnect, halfClose, timeOut, delete, clear, clearAll }

    @Test(arguments: End.allCases) func itIsHandedOverAtOnce(_ end: End) throws {
        let daemon = try Daemon()
        let other = try daemon.connect()
        var holder: Peer? = try daemon.connect()
        let leaseMs = end == .timeOut ? 150 : 60_000
        let granted = Moment.now
        let lease = try #require(try holder?.get("f", "1", "\"lease_ms\":\(leaseMs)").string("lease"))
        let line = try (0..<3).map { _ in try daemon.connect() }
        for (place, peer) in line.enumerated() {
            try peer.send(Peer.request("get", "f", "\"key\":1", Self.patient))
            try waiters(place + 1, other)
        }
        let began = end == .timeOut ? granted : Moment.now
        switch end {
        case .release: #expect(try other.call(Self.release(1, lease)).bool("released") == true)
        case .disconnect: holder = nil
        case .halfClose: holder?.halfClose()
        case .timeOut: break
        case .delete: #expect(try other.call(Peer.request("delete", "f", "\"key\":1")).int("deleted") == 0)
        case .clear: #expect(try other.call(Peer.request("clear", "f")).int("cleared") == 0)
        case .clearAll: #expect(try other.call(#"{"op":"clear","all":true}"#).int("cleared") == 0)
        }
        // The first in line computes now; the others go on waiting, for it.
        let reply = try line[0].reply()
        let next = try #require(reply.string("lease"))
        #expect(next != lease)
        if end == .timeOut { #expect(began.age >= 0.149) }
        #expect(began.age < (end == .timeOut ? 0.45 : 0.3), "\(end)")
        // Clears and the like end the lease of the next one too, so the value comes by the last in line then.
        #expect(try other.put("f", "1", "0", "\"lease\":\"\(lease)\"").string("reason") == "lease_lost")
        #expect(try line[0].put("f", "1", "2", "\"lease\":\"\(next)\"").bool("stored") == true)
        for peer in line[1...] { #expect(try peer.reply().value == "2") }
    }

    static func release(_ key: Int, _ lease: String) -> String {
        Peer.request("release", "f", "\"key\":\(key),\"lease\":\"\(lease)\"")
    }

    @Test func aLostLeaseStoresNothing() throws {
        let home = try Home()
        let clock = try TestClock(home)
        let daemon = try Daemon(home, environment: clock.environment)
        let (first, second) = (try daemon.connect(), try daemon.connect())
        let lost = try #require(try first.get("f", "1", "\"lease_ms\":60000").string("lease"))
        #expect(try second.get("f", "1", "\"lease_ms\":60000").bool("held") == true)
        try clock.advance(60_001)
        let held = try #require(try second.get("f", "1", "\"lease_ms\":60000").string("lease"))
        let reply = try first.put("f", "1", "\"late\"", "\"lease\":\"\(lost)\"")
        #expect(reply.bool("stored") == false)
        #expect(reply.string("reason") == "lease_lost")
        #expect(try first.call(Self.release(1, lost)).bool("released") == false)
        #expect(try !first.get("f", "1").isHit)
        // The token counts on any connection of the user.
        #expect(try first.put("f", "1", "\"right\"", "\"lease\":\"\(held)\"").bool("stored") == true)
        #expect(
            try first.put("f", "1", "\"twice\"", "\"lease\":\"\(held)\"").string("reason") == "lease_lost")
        #expect(try first.get("f", "1").value == "\"right\"")
        // A token is good only for its key.
        let other = try #require(try first.get("f", "2", "\"lease_ms\":60000").string("lease"))
        #expect(try first.put("f", "3", "1", "\"lease\":\"\(other)\"").string("reason") == "lease_lost")
    }

    @Test(arguments: [2, 3, 7, 40]) func theWaitThatWouldCloseACircleIsAnswered(_ length: Int) throws {
        let daemon = try Daemon()
        let observer = try daemon.connect()
        let peers = try (0..<length).map { _ in try daemon.connect() }
        for (key, peer) in peers.enumerated() {
            #expect(try peer.get("f", "\(key)", "\"lease_ms\":60000").has("lease"))
            // Never for what it holds itself.
            #expect(try peer.get("f", "\(key)", Self.patient).bool("held") == true)
        }
        for place in 0..<length - 1 {
            try peers[place].send(Peer.request("get", "f", "\"key\":\(place + 1)", Self.patient))
            try waiters(place + 1, observer)
        }
        let last = try peers[length - 1].get("f", "0", Self.patient)
        #expect(last.bool("hit") == false)
        #expect(last.bool("held") == true)
        // So it computes for itself, and then all others get theirs, one after the other.
        for key in (0..<length).reversed() {
            if key < length - 1 { #expect(try peers[key].reply().value == "\(key + 1)") }
            #expect(try peers[key].put("f", "\(key)", "\(key)").bool("stored") == true)
        }
    }

    @Test func aWaitEndsInTimeAndCountsFromItsOwnBeginning() throws {
        let daemon = try Daemon()
        let (holder, waiter) = (try daemon.connect(), try daemon.connect())
        #expect(try holder.put("f", "0", "0").isOK)
        #expect(try holder.get("f", "1", "\"lease_ms\":60000").has("lease"))
        for _ in 0..<3 {
            // A hit before it, long ago, takes nothing of the time to wait.
            #expect(try waiter.get("f", "0", "\"lease_ms\":1000,\"wait_ms\":1").value == "0")
            usleep(5000)
            let began = Moment.now
            let reply = try waiter.get("f", "1", "\"lease_ms\":1000,\"wait_ms\":200")
            #expect(reply.bool("held") == true)
            #expect(began.age >= 0.19)
            #expect(began.age < 5)
        }
        #expect(try holder.stats().int("leases.waiters") == 0)
    }

    @Test func whoHasClosedItsSideStillGetsTheValue() throws {
        let daemon = try Daemon()
        let (holder, waiter) = (try daemon.connect(), try daemon.connect())
        let lease = try #require(try holder.get("f", "1", "\"lease_ms\":60000").string("lease"))
        // It holds something itself, which goes when its input ends.
        #expect(try waiter.get("f", "2", "\"lease_ms\":60000").has("lease"))
        try waiter.send(Peer.request("get", "f", "\"key\":1", Self.patient))
        try waiters(1, holder)
        waiter.halfClose()
        try holder.until("its lease is gone") { try $0.stats().int("leases.held") == 1 }
        #expect(try holder.put("f", "1", "7", "\"lease\":\"\(lease)\"").isOK)
        #expect(try waiter.reply().value == "7")
        #expect(try waiter.line() == nil)
    }
}
