import Foundation
import TestSupport
import Testing

/// A database that is not as it was written: the daemon notices, moves it aside, and starts empty; and whatever it
/// does not notice at once it never serves.
@Suite struct DamageTests {
    private static let entries = 300

    private static func value(_ key: Int) -> String {
        "\"value \(key) " + String(repeating: "\(key % 10)", count: 40 * (key % 12)) + "\""
    }

    /// A home whose daemon has stopped, or was killed with everything in the log.
    private func filledHome(stops: Bool) throws -> Home {
        let home = try Home()
        let daemon = try Daemon(home)
        let peer = try daemon.connect()
        for key in 0..<Self.entries {
            try peer.send(Peer.request("put", "f", "\"key\":\(key),\"value\":\(Self.value(key))"))
        }
        for _ in 0..<Self.entries { #expect(try peer.reply().bool("stored") == true) }
        #expect(try peer.sync().isOK)
        if stops { #expect(try daemon.stop() == .exited(0)) } else { try daemon.kill() }
        return home
    }

    /// Starts a daemon, and asks for everything: each answer is right or a miss.
    /// - Returns: how many were right.
    private func serveAll(_ daemon: Daemon) throws -> Int {
        let peer = try daemon.connect()
        var hits = 0
        for key in 0..<Self.entries {
            var reply = try peer.get("f", "\(key)")
            // Where the damage is only found now, what is there is unknown until the database is moved aside.
            if reply.code == "storage" {
                try peer.until("the damage is dealt with") {
                    reply = try $0.get("f", "\(key)")
                    return reply.code != "storage"
                }
            }
            #expect(reply.isOK)
            if reply.isHit {
                hits += 1
                #expect(reply.value == Self.value(key))
            }
        }
        // It is of use again.
        #expect(try peer.put("new", "1", "\"written after it\"", "\"durable\":true").bool("stored") == true)
        return hits
    }

    enum Ruin: String, CaseIterable {
        case emptied, cutToHalf, cutWithinHeader, zeroed, zeroedHeader, noise, text
        case zeroedBehindTheHeader

        func apply(to data: inout Data, _ generator: inout SeededGenerator) {
            switch self {
            case .emptied: data = Data()
            case .cutToHalf: data = data.prefix(data.count / 2)
            case .cutWithinHeader: data = data.prefix(60)
            case .zeroed: data = Data(count: data.count)
            case .zeroedHeader: data.replaceSubrange(0..<100, with: Data(count: 100))
            case .noise:
                data = Data((0..<data.count).map { _ in UInt8.random(in: 0...255, using: &generator) })
            case .text: data = Data(String(repeating: "This is no database. ", count: 5000).utf8)
            case .zeroedBehindTheHeader: data = data.prefix(8192) + Data(count: data.count - 8192)
            }
        }
    }

    @Test(arguments: Ruin.allCases) func aRuinedDatabaseIsMovedAside(_ ruin: Ruin) throws {
        var generator = SeededGenerator(SeededGenerator.seed(for: "aRuinedDatabaseIsMovedAside \(ruin)"))
        let home = try filledHome(stops: true)
        var data = try home.contents(of: home.database)
        ruin.apply(to: &data, &generator)
        try home.write(data, to: home.database)

        var daemon = try Daemon(home)
        #expect(try serveAll(daemon) == 0)
        #expect(daemon.process.log.contains("damaged"), "\(daemon.process.log)")
        #expect(home.quarantined.count == 1)
        // What was moved aside is what was there.
        if let name = home.quarantined.first {
            #expect(try home.contents(of: "\(home.path)/\(name)") == data)
        }
        try daemon.kill()
        daemon = try Daemon(home)
        #expect(try daemon.connect().get("new", "1").value == "\"written after it\"")
        #expect(home.quarantined.count == 1)
    }

    /// Several within a second, too.
    @Test func theFullestAndTheNewestRuinAreKept() throws {
        let home = try Home()
        for (round, size) in [100, 9000, 200, 300, 50].enumerated() {
            try home.write(Data(repeating: UInt8(round), count: size), to: home.database)
            try Daemon(home).kill()
            let sizes = try home.quarantined.map { try home.contents(of: "\(home.path)/\($0)").count }
            #expect(Set(sizes) == [[100], [100, 9000], [9000, 200], [9000, 300], [9000, 50]][round])
        }
    }

    @Test func aLogWithoutItsDatabaseIsNoDatabase() throws {
        let home = try filledHome(stops: false)
        try FileManager.default.removeItem(atPath: home.database)
        let daemon = try Daemon(home)
        #expect(try serveAll(daemon) == 0)
    }

    @Test func aFlippedBitIsNeverServed() throws {
        let seed = SeededGenerator.seed(for: "aFlippedBitIsNeverServed")
        var generator = SeededGenerator(seed)
        let sound = try filledHome(stops: true)
        let data = try sound.contents(of: sound.database)
        for round in 0..<24 {
            let home = try Home()
            var damaged = data
            // Half of them where the values are, which SQLite itself does not look after.
            let place = Int.random(
                in: round % 2 == 0 ? 0..<data.count : data.count / 2..<data.count, using: &generator)
            damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            try home.write(damaged, to: home.database)
            let daemon = try Daemon(home, ["--hot-bytes", "64KiB"])
            let hits = try serveAll(daemon)
            #expect(
                hits >= Self.entries - 1 || !home.quarantined.isEmpty
                    || daemon.process.log.contains("damaged"),
                "bit flipped at \(place): \(hits) hits")
            #expect(try daemon.stop() == .exited(0), "bit flipped at \(place)")
        }
    }

    @Test func aDamagedRowIsAMissAndIsCounted() throws {
        let home = try filledHome(stops: true)
        var data = try home.contents(of: home.database)
        let place = try #require(data.range(of: Data("\"value 77 ".utf8))).lowerBound
        data[place + 20] ^= 0x10
        try home.write(data, to: home.database)
        let daemon = try Daemon(home)
        #expect(try serveAll(daemon) == Self.entries - 1)
        let peer = try daemon.connect()
        #expect(try !peer.get("f", "77").isHit)
        #expect(try peer.stats().int("cold.damaged_rows") == 1)
        #expect(home.quarantined.isEmpty)
        #expect(try peer.put("f", "77", "\"again\"").bool("stored") == true)
        #expect(try peer.get("f", "77").value == "\"again\"")
    }

    @Test(arguments: ["cut", "zeroed", "emptied", "flipped", "noise"]) func aDamagedLogIsNeverServed(
        _ how: String
    ) throws {
        var generator = SeededGenerator(SeededGenerator.seed(for: "aDamagedLogIsNeverServed \(how)"))
        let home = try filledHome(stops: false)
        var log = try home.contents(of: home.log)
        #expect(log.count > 10_000)
        switch how {
        case "cut": log = log.prefix(log.count * 2 / 3 + 100)
        case "zeroed": log = Data(count: log.count)
        case "emptied": log = Data()
        case "flipped": log[log.count / 2] ^= 4
        default: log = Data((0..<log.count).map { _ in UInt8.random(in: 0...255, using: &generator) })
        }
        try home.write(log, to: home.log)
        try? FileManager.default.removeItem(atPath: home.database + "-shm")
        var daemon = try Daemon(home)
        _ = try serveAll(daemon)
        try daemon.kill()
        daemon = try Daemon(home)
        #expect(try daemon.connect().get("new", "1").value == "\"written after it\"")
    }

    @Test func aFaultDuringTheRecoveryFromDamageKeepsTheSamePromises() throws {
        let seed = SeededGenerator.seed(for: "aFaultDuringTheRecoveryFromDamageKeepsTheSamePromises")
        var generator = SeededGenerator(seed)
        let home = try filledHome(stops: true)
        var data = try home.contents(of: home.database)
        data.replaceSubrange(0..<4096, with: Data(count: 4096))
        try home.write(data, to: home.database)
        for _ in 0..<8 {
            let daemon = try Daemon(home, waits: false)
            usleep(UInt32.random(in: 0..<40_000, using: &generator))
            try daemon.kill()
        }
        let daemon = try Daemon(home)
        #expect(try serveAll(daemon) == 0)
        #expect(home.quarantined.count == 1)
        if let name = home.quarantined.first {
            #expect(try home.contents(of: "\(home.path)/\(name)") == data)
        }
    }

    /// Rows that were overwritten are taken out when no one waits for it: what is found then concerns all the same.
    @Test func damageBesideWhatWasOverwrittenIsDealtWith() throws {
        let home = try filledHome(stops: true)
        var daemon = try Daemon(home)
        var peer = try daemon.connect()
        try peer.until("memory has all of it, and the check is over") {
            let stats = try $0.stats()
            return stats.int("hot.entries") == Self.entries && stats.string("cold.check.state") == "done"
        }
        // The page that has this entry's value. The file keeps its identity.
        let data = try home.contents(of: home.database)
        let value = try #require(data.range(of: Data(Self.value(150).utf8)))
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: home.database))
        try file.seek(toOffset: UInt64(value.lowerBound / 8192 * 8192))
        try file.write(contentsOf: Data(repeating: 0xA5, count: 8192))
        try file.close()
        let entries = (100..<200).map { "{\"key\":\($0),\"value\":\"new \($0)\"}" }.joined(separator: ",")
        #expect(try peer.call(Peer.request("mput", "f", "\"entries\":[\(entries)]")).int("stored") == 100)
        #expect(try peer.sync().isOK)
        #expect(daemon.process.logs("database was lost"), "\(daemon.process.log)")
        #expect(try peer.put("new", "1", "1", "\"durable\":true").bool("stored") == true)
        try peer.until("all is in the new one") { try $0.sync().isOK && $0.stats().int("cold.pending") == 0 }
        try daemon.kill()
        daemon = try Daemon(home)
        peer = try daemon.connect()
        for key in 0..<Self.entries {
            let isNew = (100..<200).contains(key)
            #expect(try peer.get("f", "\(key)").value == (isNew ? "\"new \(key)\"" : Self.value(key)))
        }
    }
}
