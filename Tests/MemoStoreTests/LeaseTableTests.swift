import Testing

@testable import MemoStore

@Suite struct LeaseTableTests {
    private func ask(
        _ table: inout LeaseTable, _ key: String, _ connection: ConnectionID, leaseMs: Int64 = 1000,
        mayWait: Bool = true, now: Int64 = 0, hash: UInt64? = nil, user: UInt32? = nil
    ) -> String {
        let bytes = Array(key.utf8)
        return bytes.withUnsafeBytes { bytes in
            let hash = hash ?? UInt64(truncatingIfNeeded: key.utf8.reduce(7) { $0 &* 31 &+ Int($1) })
            let key = LeaseTable.Key(function: 1, hash: hash, key: bytes)
            let request = LeaseRequest(
                connection: connection, uid: user ?? 0, leaseMs: leaseMs, mayWait: mayWait,
                isLimited: user != nil)
            switch table.acquire(key, request, now: now) {
            case .granted: return "granted"
            case .held: return "held"
            case .wait: return "wait"
            case .busy: return "busy"
            }
        }
    }

    @Test func everythingInItIsBounded() {
        var table = LeaseTable(capacity: 3, keyBytesMax: 100, waitersMax: 2)
        #expect(ask(&table, "a", 1) == "granted")
        #expect(ask(&table, String(repeating: "b", count: 100), 1) == "busy")
        #expect(ask(&table, String(repeating: "b", count: 99), 1, leaseMs: 10) == "granted")
        #expect(ask(&table, "c", 1) == "busy")
        #expect(ask(&table, "a", 2) == "wait")
        #expect(ask(&table, "a", 3) == "wait")
        #expect(ask(&table, "a", 4) == "busy")
        table.stopWaiting(3)
        #expect(ask(&table, "a", 4) == "wait")
        // What is over makes room.
        #expect(ask(&table, "c", 5, now: 10) == "granted")
        #expect(ask(&table, "d", 5, now: 10) == "granted")
        #expect(ask(&table, "e", 5, now: 10) == "busy")
        table.check()
    }

    @Test func oneUserLeavesOthersAShare() {
        var table = LeaseTable(capacity: 8, keyBytesMax: 100, waitersMax: 2)
        #expect(ask(&table, "a", 1, leaseMs: 10, user: 5) == "granted")
        #expect(ask(&table, "b", 2, user: 5) == "granted")
        #expect(ask(&table, "c", 3, user: 5) == "busy")
        #expect(ask(&table, String(repeating: "d", count: 26), 4, user: 6) == "busy")
        #expect(ask(&table, String(repeating: "d", count: 25), 4, user: 6) == "granted")
        #expect(ask(&table, "e", 4, user: 6) == "busy")
        // Another user gets the first one's lease, and an administrator has no limit.
        #expect(ask(&table, "a", 7, user: 7) == "wait")
        table.check()
        #expect(ask(&table, "c", 3, now: 10, user: 5) == "granted")
        #expect(ask(&table, "f", 3, now: 10, user: 5) == "busy")
        for key in ["g", "h", "i"] { #expect(ask(&table, key, 8, now: 10) == "granted") }
        table.check()
        table.release(allOf: 2, now: 20)
        #expect(ask(&table, "f", 3, now: 20, user: 5) == "granted")
        table.check()
    }

    @Test func keysWithTheSameHashHaveTheirOwn() {
        var table = LeaseTable(capacity: 10, keyBytesMax: 100, waitersMax: 10)
        for (connection, key) in ["a", "b", "c"].enumerated() {
            #expect(ask(&table, key, ConnectionID(connection), hash: 5) == "granted")
        }
        // The lower half alone is the same.
        #expect(ask(&table, "a", 9, hash: 5 | 1 << 40) == "granted")
        #expect(ask(&table, "b", 0, hash: 5) == "wait")
        table.check()
        table.release(allOf: 1, now: 0)
        let woken = table.takeWakes()
        #expect(woken == [0])
        #expect(ask(&table, "b", 0, hash: 5) == "granted")
        table.end(function: 1, short: 5, now: 0)
        let count = table.count
        #expect(count == 0)
        table.check()
    }

    @Test func thoseInLineAreServedInTheirOrder() {
        var table = LeaseTable(capacity: 10, keyBytesMax: 100, waitersMax: 2000)
        #expect(ask(&table, "a", 0) == "granted")
        for number in 1...1000 { #expect(ask(&table, "a", ConnectionID(number)) == "wait") }
        for number in stride(from: 2, through: 1000, by: 2) {
            table.stopWaiting(ConnectionID(number))
        }
        for number in stride(from: 1, to: 999, by: 2) {
            let connection = ConnectionID(number)
            table.release(allOf: ConnectionID(max(0, number - 2)), now: 0)
            let woken = table.takeWakes()
            #expect(woken == [connection])
            #expect(ask(&table, "a", connection) == "granted")
        }
        table.check()
    }

    /// Leases that end long before their time leave next to nothing behind.
    @Test func whatEndsEarlyIsForgotten() {
        var table = LeaseTable(capacity: 100, keyBytesMax: 1000, waitersMax: 10)
        for round in 0..<10_000 {
            #expect(ask(&table, "k\(round % 50)", 1, leaseMs: 3_600_000, now: Int64(round)) == "granted")
            table.release(allOf: 1, now: Int64(round))
        }
        let count = table.count
        #expect(count == 0)
        let bytes = table.bytes
        #expect(bytes < 100_000)
        table.endExpired(now: 10_000_000)
        let nextEnd = table.nextEnd
        #expect(nextEnd == .max)
    }
}
