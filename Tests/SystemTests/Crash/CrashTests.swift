import Foundation
import TestSupport
import Testing

/// The daemon is killed at any moment: what it promised is there when it serves again, and nothing else.
@Suite struct CrashTests {
    /// Each is a way of keeping things for which the promises are the same.
    static let settings: [[String]] = [
        ["--flush-interval", "20ms"],
        ["--flush-interval", "1ms", "--interning", "off"],
        ["--durability", "full", "--flush-interval", "50ms"],
        ["--hot-bytes", "64KiB", "--flush-interval", "10ms", "--io-threads", "2"],
    ]

    /// `MEMOD_TEST_CRASHES` sets how many times in all.
    static let rounds =
        (ProcessInfo.processInfo.environment["MEMOD_TEST_CRASHES"].flatMap { Int($0) } ?? 100) / 4

    @Test(arguments: settings) func promisesSurviveKills(_ options: [String]) throws {
        let seed = SeededGenerator.seed(for: "promisesSurviveKills \(options)")
        var generator = SeededGenerator(seed)
        let home = try Home()
        let clients = (0..<4).map { CrashingClient(number: $0, seed: seed) }
        var starts: [Double] = []
        for round in 0..<Self.rounds {
            var daemon = try Daemon(home, options)
            let peers = try clients.map { _ in try daemon.connect() }
            let crew = try Crew.start(clients.count) { [peers = Peers(peers)] in
                clients[$0].run(peers.all[$0])
            }
            pause(milliseconds: .random(in: 1...80, using: &generator))
            switch round % 4 {
            case 3:
                // While it drains.
                daemon.process.signal(SIGTERM)
                pause(milliseconds: .random(in: 0...20, using: &generator))
            default: break
            }
            try daemon.kill()
            try crew.join()
            for client in clients { #expect(client.failure == nil) }

            for _ in 0..<(round % 3) {
                // Again, while it recovers.
                daemon = try Daemon(home, options, waits: false)
                pause(milliseconds: .random(in: 0...60, using: &generator))
                try daemon.kill()
            }
            daemon = try Daemon(home, options)
            starts.append(daemon.startSeconds)
            #expect(home.quarantined.isEmpty, "round \(round): a kill is no damage")
            try verify(clients, daemon, round: round)
            if round % 2 == 0 { try daemon.kill() } else { #expect(try daemon.stop() == .exited(0)) }
        }
        let median = starts.sorted()[starts.count / 2]
        #expect(median < 1, "half of the starts after a kill took longer than \(median) s")
    }

    /// No one has to ask for the commit: it comes by itself, and what came before it survives.
    @Test func aPutOlderThanTheFlushIntervalSurvives() throws {
        let home = try Home()
        var daemon = try Daemon(home, ["--flush-interval", "50ms"])
        let peer = try daemon.connect()
        for key in 0..<100 { #expect(try peer.put("f", "\(key)", "\"value \(key)\"").bool("stored") == true) }
        let start = Moment.now
        try peer.until("everything is committed", within: 10) { try $0.stats().int("cold.pending") == 0 }
        print("flush interval 50 ms: committed within \(Int(start.age * 1000)) ms")
        try daemon.kill()
        daemon = try Daemon(home)
        let again = try daemon.connect()
        for key in 0..<100 { #expect(try again.get("f", "\(key)").value == "\"value \(key)\"") }
    }

    private func verify(_ clients: [CrashingClient], _ daemon: Daemon, round: Int) throws {
        let peer = try daemon.connect()
        let found = try clients.map { try $0.look(peer) }
        // Writes commit in the order in which they were answered: whatever was answered before the newest survivor
        // was even sent survives too.
        var committed: Moment?
        for (client, values) in zip(clients, found) {
            for (key, value) in values.enumerated() {
                if let sent = client.history.evidence(key, value) {
                    committed = committed.map { max($0, sent) } ?? sent
                }
            }
        }
        for (client, values) in zip(clients, found) {
            for (key, value) in values.enumerated() {
                let changes = client.history.changes[key]
                let first = client.history.firstPossible(key, committed: committed)
                #expect(
                    changes[first...].contains { $0.value == value },
                    """
                    round \(round), \(client.function), key \(key): found \(value?.prefix(40) ?? "nothing"), which is \
                    change \(changes.lastIndex { $0.value == value } ?? -1); \(first) of \(changes.count - 1) survived
                    """)
            }
            #expect(try peer.info(client.function).int("currsize") == values.count { $0 != nil })
            client.settle(values)
        }
    }

    /// Chooses the moment of a kill; nothing is waited for.
    private func pause(milliseconds: Int) { usleep(UInt32(milliseconds) * 1000) }

    /// For a closure that runs on other threads, each of which uses one of them.
    private struct Peers: @unchecked Sendable {
        let all: [Peer]
        init(_ all: [Peer]) { self.all = all }
    }
}
