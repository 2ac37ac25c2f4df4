import Foundation
import TestSupport
import Testing

/// Several connections at once do whatever comes to their minds with a few keys, with short leases.
@Suite struct LeaseStormTests {
    /// What is known of the values: each is written once.
    private final class Ledger: @unchecked Sendable {  // Everything is guarded by `lock`.
        private let lock = NSLock()
        private var next = 0
        /// Values whose put lost its lease: no one may ever see them.
        private var lost: Set<Int> = []
        private var seen: Set<Int> = []
        private var grants = 0

        func value() -> Int {
            lock.withLock {
                next += 1
                return next
            }
        }

        func lose(_ value: Int) { lock.withLock { _ = lost.insert(value) } }
        func see(_ value: Int) { lock.withLock { _ = seen.insert(value) } }
        func grant() { lock.withLock { grants += 1 } }
        var wronglySeen: Set<Int> { lock.withLock { seen.intersection(lost) } }
        var summary: (lost: Int, seen: Int, grants: Int) {
            lock.withLock { (lost.count, seen.count, grants) }
        }
    }

    private enum Sent {
        case get(key: Int)
        case put(Int, withLease: Bool)
        case other
    }

    @Test func everybodyIsAnsweredInOrderAndNothingLostIsStored() throws {
        let seed = SeededGenerator.seed(for: "LeaseStormTests")
        let daemon = try Daemon()
        let observer = try daemon.connect()
        let ledger = Ledger()
        let path = daemon.home.socket
        try Crew.run(8) { number in
            var random = SeededGenerator(seed &+ UInt64(number) &* 7919)
            var tokens: [(key: Int, token: String)] = []
            for _ in 0..<25 {
                let peer = try Peer(path)
                var id = 0
                for _ in 0..<12 {
                    // A few requests at once, and then their replies.
                    var sent: [Sent] = []
                    for _ in 0...Int.random(in: 0..<4, using: &random) {
                        let (line, what) = Self.request(id + sent.count, tokens, ledger, &random)
                        try peer.send(line)
                        sent.append(what)
                    }
                    let leaves = Int.random(in: 0..<40, using: &random)
                    if leaves == 0 { break }
                    if leaves == 1 { peer.halfClose() }
                    for what in sent {
                        let reply = try peer.reply()
                        #expect(reply.int("id") == id, "\(reply)")
                        #expect(reply.isOK)
                        id += 1
                        switch what {
                        case .get(let key):
                            if let value = reply.value.flatMap({ Int($0) }) { ledger.see(value) }
                            if let token = reply.string("lease") {
                                tokens.append((key, token))
                                ledger.grant()
                            }
                        case .put(let value, let withLease):
                            if reply.bool("stored") == false {
                                #expect(withLease && reply.string("reason") == "lease_lost")
                                ledger.lose(value)
                            }
                        case .other: break
                        }
                    }
                    if leaves == 1 {
                        #expect(try peer.line() == nil)
                        break
                    }
                }
            }
        }
        #expect(ledger.wronglySeen.isEmpty)
        let (lost, seen, grants) = ledger.summary
        print("\(grants) leases, \(lost) puts that lost theirs, \(seen) values seen")
        #expect(lost > 20 && seen > 20 && grants > 20)
        try observer.until("nothing is left") {
            let stats = try $0.stats()
            return stats.int("leases.waiters") == 0 && stats.int("leases.held") == 0
                && stats.int("connections") == 1
        }
    }

    private static func request(
        _ id: Int, _ tokens: [(key: Int, token: String)], _ ledger: Ledger, _ random: inout SeededGenerator
    ) -> (String, Sent) {
        let key = Int.random(in: 0..<3, using: &random)
        let head = "\"key\":\(key),\"id\":\(id)"
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<10:
            let leaseMs = Int.random(in: 0..<30, using: &random)
            let waitMs = Int.random(in: 0..<30, using: &random)
            return (
                Peer.request("get", "f", head, "\"lease_ms\":\(leaseMs),\"wait_ms\":\(waitMs)"),
                .get(key: key)
            )
        case 10..<15:
            let value = ledger.value()
            guard let (key, token) = tokens.suffix(3).randomElement(using: &random) else { fallthrough }
            let head = "\"key\":\(key),\"id\":\(id),\"value\":\(value)"
            return (
                Peer.request("put", "f", head, "\"lease\":\"\(token)\",\"ttl_ms\":5,\"stale_ms\":5"),
                .put(value, withLease: true)
            )
        case 15:
            let value = ledger.value()
            return (
                Peer.request("put", "f", "\(head),\"value\":\(value)", "\"ttl_ms\":5"),
                .put(value, withLease: false)
            )
        case 16, 17:
            guard let (key, token) = tokens.last else { fallthrough }
            return (
                Peer.request("release", "f", "\"key\":\(key),\"id\":\(id)", "\"lease\":\"\(token)\""), .other
            )
        case 18: return (Peer.request("delete", "f", head), .other)
        default: return (Peer.request("clear", "f", "\"id\":\(id)"), .other)
        }
    }
}
