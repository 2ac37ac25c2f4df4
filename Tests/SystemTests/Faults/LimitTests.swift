import Foundation
import Testing

/// More clients than there is room for.
@Suite struct LimitTests {
    @Test func oneClientTooManyIsToldSo() throws {
        let daemon = try Daemon(nil, ["--max-connections", "8"])
        var peers = try (0..<8).map { _ in try daemon.connect() }
        for peer in peers { #expect(try peer.call(#"{"op":"ping"}"#).isOK) }
        for _ in 0..<3 {
            let refused = try daemon.connect()
            let reply = try refused.reply()
            #expect(reply.code == "too_many_connections")
            #expect(!reply.has("id"))
            #expect(try refused.line() == nil)
        }
        let stats = try peers[0].stats()
        #expect(stats.int("connections") == 8)
        #expect(stats.int("connections_refused") == 3)
        peers.removeLast(3)
        try peers[0].until("three are gone") { try $0.stats().int("connections") == 5 }
        #expect(try daemon.connect().call(#"{"op":"ping"}"#).isOK)
    }

    @Test(.enabled(if: Command.exists("prlimit"))) func withoutDescriptorsThoseWhoAreConnectedGoOn() throws {
        let daemon = try Daemon(
            nil, ["--log-level", "warning"], wrapper: ["prlimit", "--nofile=48:48"], waits: false)
        try waitForSocket(daemon)
        let first = try daemon.connect()
        #expect(try first.put("f", "1", "1", "\"durable\":true").isOK)
        // The rest wait in the listener's queue.
        var others = try (0..<80).map { _ in try daemon.connect() }
        for other in others { try other.send(#"{"op":"ping"}"#) }
        #expect(try first.get("f", "1").value == "1")
        let used = try daemon.processorSeconds()
        #expect(try first.isSilent(for: 0.5))
        #expect(try daemon.processorSeconds() - used < 0.25, "it accepts in a busy loop")
        #expect(daemon.process.log.contains("cannot accept"), "\(daemon.process.log)")
        #expect(try first.put("f", "2", "2", "\"durable\":true").bool("stored") == true)

        // As places become free those who wait are served.
        while !others.isEmpty {
            let served = others.removeFirst()
            #expect(try served.reply().isOK)
        }
        try first.until("all are gone") { try $0.stats().int("connections") == 1 }
        #expect(try first.get("f", "2").value == "2")
    }

    private func waitForSocket(_ daemon: Daemon) throws {
        let deadline = Moment.after(seconds: 20)
        while (try? daemon.connect()) == nil {
            guard .now < deadline else { throw HarnessError("no socket; \(daemon.process.log)") }
            usleep(2000)
        }
    }

    @Test func tenThousandIdleClientsTakeLittle() throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let count = min(10_000, Int(clamping: limit.rlim_cur) - 1000)
        try #require(count >= 1000, "there are too few descriptors for this test")

        let daemon = try Daemon(nil, ["--max-connections", "\(count + 10)"])
        let observer = try daemon.connect()
        #expect(try observer.put("f", "1", "1").isOK)
        let before = try (
            memory: daemon.memoryKB(), latency: latency(observer), descriptors: daemon.descriptorCount()
        )
        var idle: [Peer] = []
        for _ in 0..<count {
            let peer = try daemon.connect()
            try peer.send(#"{"op":"ping"}"#)
            idle.append(peer)
        }
        for (number, peer) in idle.enumerated() {
            do {
                #expect(try peer.reply().isOK)
            } catch {
                throw HarnessError(
                    "client \(number): \(error); \(try observer.stats()); \(daemon.process.log)")
            }
        }
        let stats = try observer.stats()
        #expect(stats.int("connections") == count + 1)
        let each = (try daemon.memoryKB() - before.memory) * 1024 / count
        let latency = try latency(observer)
        print(
            "\(count) idle connections: \(each) bytes each; median get \(before.latency) µs before, \(latency) µs with them"
        )
        #expect(each < 10 << 10)
        #expect(latency < 3 * before.latency + 200)
        idle = []
        try observer.until("all are gone") { try $0.stats().int("connections") == 1 }
        #expect(try daemon.descriptorCount() <= before.descriptors + 1)
    }

    @Test func memoryAndDiskStayWithinTheirBudgets() throws {
        let daemon = try Daemon(nil, ["--hot-bytes", "16MiB", "--cold-bytes", "32MiB"])
        let peer = try daemon.connect()
        let before = try daemon.memoryKB()
        var highest = 0
        // Two hundred megabytes, no two values alike, and some read again from disk.
        for batch in 0..<100 {
            let entries = (batch * 200..<batch * 200 + 200).map {
                "{\"key\":\($0),\"value\":\"\($0) \(String(repeating: "v", count: 10_000))\"}"
            }
            let reply = try peer.call(
                Peer.request("mput", "f", "\"entries\":[\(entries.joined(separator: ","))]"))
            #expect(reply.int("stored") == 200, "\(reply)")
            #expect(try peer.get("f", "\(max(0, batch - 5) * 200)").isOK)
            highest = max(highest, try daemon.memoryKB())
        }
        #expect(try peer.sync().isOK)
        let stats = try peer.stats()
        #expect(stats.int("hot.bytes")! <= 16 << 20)
        #expect(stats.int("cold.bytes")! <= 32 << 20)
        // Beside the budget: what waits for its commit, the request itself, and SQLite's own cache.
        print("16 MiB of memory budget: \(before) kB at first, \(highest) kB at most")
        #expect(highest - before < 96 << 10)
        #expect(try daemon.stop() == .exited(0))
        let size =
            try FileManager.default.attributesOfItem(atPath: daemon.home.database)[.size] as? Int ?? .max
        #expect(size < 64 << 20, "the file has \(size) bytes")
    }

    /// The median of some gets, in microseconds.
    private func latency(_ peer: Peer) throws -> Double {
        var times: [Double] = []
        for _ in 0..<300 {
            let start = Moment.now
            #expect(try peer.get("f", "1").isHit)
            times.append(start.age * 1_000_000)
        }
        return times.sorted()[150]
    }
}
