import Foundation
import TestSupport
import Testing

/// The entries of an `mput` are committed together, however full the queue is.
@Suite struct PutManyTests {
    private static let entries = 500

    @Test func aCrashCutsNoneOfThem() throws {
        var random = SeededGenerator(SeededGenerator.seed(for: "aCrashCutsNoneOfThem"))
        let home = try Home()
        // The queue is full all the time: it takes two megabytes at most, and each of them has one.
        let options = ["--hot-bytes", "8MiB", "--cold-bytes", "1GiB"]
        let value = "\"\(String(repeating: "v", count: 2000))"
        var batches: [String] = []
        for round in 0..<4 {
            let daemon = try Daemon(home, options)
            var peers: [Peer] = []
            for number in 0..<4 {
                let peer = try daemon.connect()
                peers.append(peer)
                for batch in 0..<6 {
                    let name = "\(round).\(number).\(batch)"
                    batches.append(name)
                    let entries = (0..<Self.entries).map {
                        "{\"key\":\"\(name).\($0)\",\"value\":\(value)\($0)\"}"
                    }
                    let line = Peer.request("mput", "f", "\"entries\":[\(entries.joined(separator: ","))]")
                    // It is in the middle of it when it ends.
                    try? peer.send(bytes: (line + "\n").utf8, within: 0.05)
                }
            }
            usleep(UInt32.random(in: 1000...150_000, using: &random))
            try daemon.kill()
        }
        let daemon = try Daemon(home, options)
        let peer = try daemon.connect()
        var whole = 0
        for name in batches {
            let keys = (0..<Self.entries).map { "\"\(name).\($0)\"" }.joined(separator: ",")
            let found = try peer.call(Peer.request("mget", "f", "\"keys\":[\(keys)]")).list("results")
            let count = found.count { $0["hit"] as? Bool == true }
            #expect(count == 0 || count == Self.entries, "\(count) of the entries of \(name) are there")
            if count > 0 { whole += 1 }
        }
        #expect(whole > 0)
    }
}
