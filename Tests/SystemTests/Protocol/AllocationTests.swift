import Testing

/// Allocations are counted, because time is too noisy to hold anything against. Of what users run: without
/// optimisation next to everything allocates.
@Suite(.enabled(if: FaultControl.isAvailable && Daemon.isOptimized)) struct AllocationTests {
    /// What a request may allocate on average: the daemon's other threads go about their own work meanwhile.
    private static let most = 0.01

    /// The least of three rounds: what the other threads do once for each minute, or for a function that is new, is no
    /// request's.
    private func leastAllocations(
        _ faults: FaultControl, _ peer: Peer, atOnce: Int, _ request: String, _ expected: String
    ) throws -> Int {
        try (0..<3).map { _ in
            try allocations(faults, peer, requests: 32_000, atOnce: atOnce, request, expected)
        }.min()!
    }

    /// Sends this many requests, this many at once.
    /// - Returns: allocations of the daemon meanwhile.
    private func allocations(
        _ faults: FaultControl, _ peer: Peer, requests: Int, atOnce: Int, _ request: String,
        _ expected: String
    ) throws -> Int {
        let before = faults[.allocations]
        let burst = Array(String(repeating: request + "\n", count: atOnce).utf8)
        for _ in 0..<requests / atOnce {
            try peer.send(bytes: burst)
            for _ in 0..<atOnce { #expect(try peer.line() == expected) }
        }
        return Int(faults[.allocations] - before)
    }

    @Test(arguments: [1, 16]) func aHitAllocatesNothing(_ atOnce: Int) throws {
        let home = try Home()
        let faults = try FaultControl(home)
        let daemon = try Daemon(home, faults: faults)
        let peer = try daemon.connect()
        #expect(try peer.put("f", "[1,\"two\"]", "\"a value\"").isOK)
        #expect(try peer.define("f", "\"maxsize\":100").isOK)
        #expect(faults[.allocations] > 1000, "the shim counts nothing")
        let get = #"{"op":"get","fn":"f","key":[1,"two"],"id":7}"#
        let hit = #"{"id":7,"ok":true,"hit":true,"value":"a value"}"#
        let few = try allocations(faults, peer, requests: 1600, atOnce: atOnce, get, hit)
        let many = try leastAllocations(faults, peer, atOnce: atOnce, get, hit)
        let each = Double(many) / 32_000
        print("\(atOnce) at once: \(few) allocations for 1600 hits, \(many) for 32000")
        #expect(each < Self.most)
    }

    @Test func aMissAllocatesNothing() throws {
        let home = try Home()
        let faults = try FaultControl(home)
        let daemon = try Daemon(home, faults: faults)
        let peer = try daemon.connect()
        let get = #"{"op":"get","fn":"f","key":"absent"}"#
        let miss = #"{"ok":true,"hit":false}"#
        _ = try allocations(faults, peer, requests: 1600, atOnce: 16, get, miss)
        let many = try leastAllocations(faults, peer, atOnce: 16, get, miss)
        print("\(many) allocations for 32000 misses")
        #expect(Double(many) / 32_000 < Self.most)
    }
}
