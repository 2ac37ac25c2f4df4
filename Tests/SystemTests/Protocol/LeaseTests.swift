import Testing

/// Leases over real connections: one computes, the others wait.
@Suite struct LeaseTests {
    private static func asking(_ key: String, leaseMs: Int = 60_000, waitMs: Int = 60_000) -> String {
        Peer.request("get", "f", "\"key\":\(key),\"lease_ms\":\(leaseMs),\"wait_ms\":\(waitMs)")
    }

    private func waiters(_ peer: Peer, are count: Int) throws {
        try peer.until("\(count) wait") { try $0.stats().int("leases.waiters") == count }
    }

    @Test func aThousandMissesAreOneComputation() throws {
        let daemon = try Daemon()
        let observer = try daemon.connect()
        let peers = try (0..<1000).map { _ in try daemon.connect() }
        for peer in peers { try peer.send(Self.asking("1")) }
        try waiters(observer, are: 999)
        var leases: [(peer: Peer, token: String)] = []
        for peer in peers where try !peer.isSilent(for: 0) {
            leases.append((peer, try #require(peer.reply().string("lease"))))
        }
        #expect(leases.count == 1)
        #expect(
            try leases[0].peer.put("f", "1", "\"computed\"", "\"lease\":\"\(leases[0].token)\"").bool(
                "stored") == true)
        for peer in peers where peer !== leases[0].peer { #expect(try peer.reply().value == "\"computed\"") }
        let info = try observer.info("f")
        #expect(info.int("misses") == 1)
        #expect(info.int("hits") == 999)
        #expect(try observer.stats().int("leases.held") == 0)
    }

    enum End: CaseIterable { case release, delete, clear, disconnect, halfClose, expiry }

    @Test(arguments: End.allCases) func theNextWaiterIsGrantedTheLeaseOnceItEnds(_ end: End) throws {
        let daemon = try Daemon()
        let observer = try daemon.connect()
        var holder: Peer? = try daemon.connect()
        let token = try #require(
            holder?.call(Self.asking("1", leaseMs: end == .expiry ? 300 : 60_000, waitMs: 0)).string("lease"))
        let waiting = try (0..<3).map { _ in try daemon.connect() }
        for (index, peer) in waiting.enumerated() {
            try peer.send(Self.asking("1"))
            try waiters(observer, are: index + 1)
        }
        switch end {
        case .release:
            #expect(
                try observer.call(Peer.request("release", "f", "\"key\":1,\"lease\":\"\(token)\"")).bool(
                    "released") == true)
        case .delete: #expect(try observer.call(Peer.request("delete", "f", "\"key\":1")).int("deleted") == 0)
        case .clear: #expect(try observer.call(Peer.request("clear", "f")).isOK)
        case .disconnect: holder = nil
        case .halfClose: holder?.halfClose()
        case .expiry: break
        }
        // First come, first served; the others go on waiting.
        let next = try #require(waiting[0].reply(within: 10).string("lease"))
        #expect(next != token)
        #expect(try observer.stats().int("leases.waiters") == 2)
        #expect(try waiting[1].isSilent(for: 0))
        // The lease that ended is worth nothing.
        let late = try observer.put("f", "1", "\"late\"", "\"lease\":\"\(token)\"")
        #expect(late.bool("stored") == false)
        #expect(late.string("reason") == "lease_lost")
        #expect(try waiting[0].put("f", "1", "\"right\"", "\"lease\":\"\(next)\"").bool("stored") == true)
        for peer in waiting.dropFirst() { #expect(try peer.reply().value == "\"right\"") }
    }

    @Test func aWaiterThatGoesAwayIsPassedOver() throws {
        let daemon = try Daemon()
        let observer = try daemon.connect()
        let holder = try daemon.connect()
        let token = try #require(holder.call(Self.asking("1", waitMs: 0)).string("lease"))
        var first: Peer? = try daemon.connect()
        try first?.send(Self.asking("1"))
        try waiters(observer, are: 1)
        let second = try daemon.connect()
        try second.send(Self.asking("1"))
        try waiters(observer, are: 2)
        first = nil
        try waiters(observer, are: 1)
        #expect(
            try observer.call(Peer.request("release", "f", "\"key\":1,\"lease\":\"\(token)\"")).bool(
                "released") == true)
        #expect(try second.reply().has("lease"))
    }

    @Test func anyPutEndsTheWait() throws {
        let daemon = try Daemon()
        let observer = try daemon.connect()
        let holder = try daemon.connect()
        #expect(try holder.call(Self.asking("1", waitMs: 0)).has("lease"))
        let waiter = try daemon.connect()
        try waiter.send(Self.asking("1"))
        try waiters(observer, are: 1)
        #expect(try observer.put("f", "1", "\"from elsewhere\"").bool("stored") == true)
        #expect(try waiter.reply().value == "\"from elsewhere\"")
    }

    @Test func aWaitEndsWithItsTime() throws {
        let daemon = try Daemon()
        let holder = try daemon.connect()
        #expect(try holder.call(Self.asking("1", waitMs: 0)).has("lease"))
        let waiter = try daemon.connect()
        let start = Moment.now
        let reply = try waiter.call(Self.asking("1", waitMs: 200))
        #expect(reply.bool("hit") == false)
        #expect(reply.bool("held") == true)
        #expect(!reply.has("lease"))
        #expect(start.age >= 0.19)
        #expect(start.age < 10)
        // Without a wait it is told at once; without a lease it is an ordinary miss.
        #expect(try waiter.call(Self.asking("1", waitMs: 0)).bool("held") == true)
        #expect(try !waiter.get("f", "1").has("held"))
    }

    @Test func nobodyWaitsForThemselvesOrInACircle() throws {
        let daemon = try Daemon()
        let observer = try daemon.connect()
        let peers = try (0..<3).map { _ in try daemon.connect() }
        for (key, peer) in peers.enumerated() {
            #expect(try peer.call(Self.asking("\(key)", waitMs: 0)).has("lease"))
        }
        #expect(try peers[0].call(Self.asking("0"), within: 5).bool("held") == true)
        try peers[0].send(Self.asking("1"))
        try waiters(observer, are: 1)
        try peers[1].send(Self.asking("2"))
        try waiters(observer, are: 2)
        // The third would close the circle.
        #expect(try peers[2].call(Self.asking("0"), within: 5).bool("held") == true)
        #expect(try peers[2].put("f", "2", "2").bool("stored") == true)
        #expect(try peers[1].reply().value == "2")
        #expect(try peers[1].put("f", "1", "1").bool("stored") == true)
        #expect(try peers[0].reply().value == "1")
    }

    @Test func aWaitingGetHoldsBackItsOwnConnectionAlone() throws {
        let daemon = try Daemon()
        let holder = try daemon.connect()
        #expect(try holder.call(Self.asking("1", waitMs: 0)).has("lease"))
        let waiter = try daemon.connect()
        try waiter.send(Self.asking("1"), #"{"op":"ping","id":"behind"}"#)
        try holder.until("it waits") { try $0.stats().int("leases.waiters") == 1 }
        #expect(try waiter.isSilent(for: 0.05))
        #expect(try holder.put("f", "1", "1").bool("stored") == true)
        #expect(try waiter.reply().value == "1")
        #expect(try waiter.reply().string("id") == "behind")
    }

    @Test func aTokenIsGoodOnAnyConnectionOfTheUser() throws {
        let daemon = try Daemon()
        let holder = try daemon.connect()
        let token = try #require(holder.call(Self.asking("1", waitMs: 0)).string("lease"))
        let other = try daemon.connect()
        let wrong = String(token.reversed())
        #expect(try other.put("f", "1", "0", "\"lease\":\"\(wrong)\"").string("reason") == "lease_lost")
        #expect(try other.put("f", "2", "0", "\"lease\":\"\(token)\"").string("reason") == "lease_lost")
        #expect(try other.put("f", "1", "1", "\"lease\":\"\(token)\"").bool("stored") == true)
        #expect(try holder.get("f", "1").value == "1")
        #expect(try holder.put("f", "1", "2", "\"lease\":\"\(token)\"").string("reason") == "lease_lost")
        #expect(try holder.get("f", "1").value == "1")
    }

    @Test func inTheGraceTimeOneComputesAndTheRestAreServed() throws {
        let home = try Home()
        let clock = try TestClock(home)
        let daemon = try Daemon(home, environment: clock.environment)
        let peers = try (0..<3).map { _ in try daemon.connect() }
        #expect(try peers[0].put("f", "1", "\"old\"", "\"ttl_ms\":10000,\"stale_ms\":10000").isOK)
        #expect(try !peers[0].call(Self.asking("1")).has("stale"))
        try clock.advance(15_000)
        let first = try peers[0].call(Self.asking("1"))
        #expect(first.value == "\"old\"")
        #expect(first.bool("stale") == true)
        let token = try #require(first.string("lease"))
        for peer in peers.dropFirst() {
            let reply = try peer.call(Self.asking("1"), within: 5)
            #expect(reply.value == "\"old\"")
            #expect(reply.bool("stale") == true)
            #expect(!reply.has("lease"))
        }
        #expect(try peers[0].put("f", "1", "\"new\"", "\"lease\":\"\(token)\"").bool("stored") == true)
        #expect(try peers[1].get("f", "1").value == "\"new\"")
    }
}
