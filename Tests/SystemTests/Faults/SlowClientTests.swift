import Testing

/// Clients that write or read slowly, or not at all: no one else notices.
@Suite struct SlowClientTests {
    @Test func halfALineTakesFixedMemory() throws {
        let daemon = try Daemon()
        let observer = try daemon.connect()
        #expect(try observer.put("f", "1", "1").isOK)
        let slow = try (0..<200).map { _ in try daemon.connect() }
        let before = try daemon.memoryKB()
        let request = Array(#"{"op":"get","fn":"f","key":1}"#.utf8)
        // A byte from each in turn: every byte comes by itself.
        for byte in request {
            for peer in slow { try peer.send(bytes: [byte]) }
            #expect(try observer.get("f", "1").value == "1")
        }
        #expect(try daemon.memoryKB() - before < 200 * 10)
        for peer in slow.prefix(100) { try peer.send(bytes: [0x0A]) }
        for peer in slow.prefix(100) { #expect(try peer.reply().value == "1") }
        for peer in slow.dropFirst(100) { #expect(try peer.isSilent(for: 0)) }
    }

    @Test func aClientThatNeverReadsIsHeldBackAndThenDisconnected() throws {
        let home = try Home()
        let faults = FaultControl.isAvailable ? try FaultControl(home) : nil
        let daemon = try Daemon(home, faults: faults)
        let observer = try daemon.connect()
        let value = "\"\(String(repeating: "v", count: 1 << 20))\""
        #expect(try observer.put("f", "1", value).isOK)
        let before = try daemon.memoryKB()

        let greedy = try daemon.connect()
        let burst = String(repeating: Peer.request("get", "f", "\"key\":1") + "\n", count: 100)
        // A gigabyte of replies, until the daemon does not even take the requests.
        var refused = false
        for _ in 0..<10_000 where !refused {
            do { try greedy.send(bytes: burst.utf8, reads: false, within: 0.2) } catch { refused = true }
        }
        #expect(refused, "everything was taken")
        let during = try daemon.memoryKB()
        #expect(during - before < 64 << 10, "\(before) kB before, \(during) kB now")
        let start = Moment.now
        for _ in 0..<100 { #expect(try observer.call(#"{"op":"ping"}"#).isOK) }
        #expect(start.age < 2)

        guard let faults else { return }
        faults[.bootMs] = 31_000
        try observer.until("it is disconnected", within: 10) { try $0.stats().int("connections") == 1 }
        #expect(daemon.process.logs("does not read", within: 5))
        try observer.until("its memory is given back") { _ in try daemon.memoryKB() - before < 32 << 10 }
    }

    @Test func manyClientsThatNeverReadAreBoundedTogether() throws {
        let daemon = try Daemon()
        let observer = try daemon.connect()
        let value = "\"\(String(repeating: "v", count: 1 << 20))\""
        #expect(try observer.put("f", "1", value).isOK)
        #expect(try observer.put("f", "2", "2").isOK)
        let keys = "\"keys\":[\(Array(repeating: "1", count: 40).joined(separator: ","))]"
        // Each would be given 40 MiB.
        var greedy = try (0..<30).map { _ in try daemon.connect() }
        for peer in greedy {
            try peer.send(Peer.request("mget", "f", keys))
            #expect(try !peer.isSilent(for: Peer.patience))
        }
        let memory = try daemon.memoryKB()
        #expect(memory < 450 << 10, "\(memory) kB")
        #expect(try observer.get("f", "1").code == "busy")
        #expect(try observer.call(Peer.request("mget", "f", keys)).code == "busy")
        #expect(try observer.why("f", "1").code == "busy")
        #expect(try observer.get("f", "2").value == "2")
        #expect(try greedy.last!.reply().code == "busy")
        // Whoever reads gets it all, and when the others are gone there is room again.
        #expect(try greedy[0].line()!.utf8.count > 40 << 20)
        greedy = []
        try observer.until("there is room") { try $0.get("f", "1").value == value }
    }

    @Test func aPeerThatDoesNotReadHoldsNoDrainUp() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        #expect(try peer.put("f", "1", "\"\(String(repeating: "v", count: 1 << 20))\"").isOK)
        let greedy = try (0..<3).map { _ in try daemon.connect() }
        for other in greedy {
            try other.send(Peer.request("mget", "f", "\"keys\":[1,1,1,1]"))
            #expect(try !other.isSilent(for: Peer.patience))
        }
        // A drain that waited for them would take ten seconds.
        let start = Moment.now
        #expect(try daemon.stop() == .exited(0))
        #expect(start.age < 8)
    }

    @Test func aSlowReaderGetsEverythingInOrder() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        let value = "\"\(String(repeating: "v", count: 100_000))\""
        #expect(try peer.put("f", "1", value).isOK)
        // Forty megabytes of replies to one burst of requests.
        let requests = (0..<400).map { "{\"op\":\"get\",\"fn\":\"f\",\"key\":1,\"id\":\($0)}\n" }.joined()
        try peer.send(bytes: requests.utf8, reads: false)
        let other = try daemon.connect()
        for number in 0..<400 {
            let line = try peer.line()
            #expect(line == "{\"id\":\(number),\"ok\":true,\"hit\":true,\"value\":\(value)}")
            if number % 50 == 0 { #expect(try other.call(#"{"op":"ping"}"#).isOK) }
        }
    }
}
