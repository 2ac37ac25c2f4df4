import Foundation
import Testing

/// Operations that look at, list and copy what is there.
@Suite struct OperationTests {
    @Test func whySaysWhatBecameOfAKey() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        #expect(try peer.define("f", "\"maxsize\":2").isOK)
        for key in 1...3 { #expect(try peer.put("f", "\(key)", "\(key)").isOK) }
        #expect(try peer.call(Peer.request("delete", "f", "\"key\":2")).int("deleted") == 1)
        #expect(try peer.put("g", "1", "1", "\"tags\":[\"t\"]").isOK)
        #expect(try peer.call(#"{"op":"clear","tag":"t"}"#).int("cleared") == 1)
        for (function, key, state) in [
            ("f", "1", "evicted"), ("f", "2", "deleted"), ("f", "3", "present"), ("f", "4", "unknown"),
            ("g", "1", "cleared"),
            ("never seen", "1", "unknown"),
        ] {
            let reply = try peer.why(function, key)
            #expect(reply.string("state") == state, "\(function) \(key): \(reply)")
            if ["evicted", "deleted", "cleared"].contains(state) {
                #expect(reply.string("by") != nil)
                #expect(reply.int("ago_ms")! < 60_000)
            }
        }
        // Asking is no use and is not counted.
        let info = try peer.info("f")
        #expect(info.int("hits") == 0)
        #expect(info.int("misses") == 0)
        #expect(try peer.put("f", "5", "5").isOK)
        #expect(try peer.put("f", "6", "6").isOK)
        #expect(try peer.why("f", "3").string("state") == "evicted")
    }

    @Test(arguments: [[], ["--hot-bytes", "64KiB"]]) func manyAtOnce(_ options: [String]) throws {
        let daemon = try Daemon(nil, options)
        let peer = try daemon.connect()
        let entries = (0..<1024).map {
            "{\"key\":\($0),\"value\":\"\($0) \(String(repeating: "v", count: 300))\"}"
        }
        #expect(
            try peer.call(Peer.request("mput", "f", "\"entries\":[\(entries.joined(separator: ","))]")).int(
                "stored") == 1024)
        #expect(try peer.sync().isOK)
        let keys = (0..<1024).map { "\($0 * 2)" }.joined(separator: ",")
        let results = try peer.call(Peer.request("mget", "f", "\"keys\":[\(keys)]")).list("results")
        #expect(results.count == 1024)
        for (position, result) in results.enumerated() {
            #expect(result["hit"] as? Bool == (position < 512), "\(position)")
            if position < 512 {
                #expect((result["value"] as? String)?.hasPrefix("\(position * 2) v") == true)
            }
        }
        let info = try peer.info("f")
        #expect(info.int("hits") == 512)
        #expect(info.int("misses") == 512)
        let more = (0..<1025).map { "\($0)" }.joined(separator: ",")
        #expect(try peer.call(Peer.request("mget", "f", "\"keys\":[\(more)]")).code == "too_large")
    }

    @Test(arguments: [[], ["--hot-bytes", "16KiB"]]) func keysAreListedInPages(_ options: [String]) throws {
        let daemon = try Daemon(nil, options)
        let peer = try daemon.connect()
        for key in 0..<1000 {
            #expect(try peer.put(key % 2 == 0 ? "f" : "g", "\(key)", "\"\(key) some value\"").isOK)
        }
        #expect(try peer.sync().isOK)
        var seen: [Int] = []
        var after = ""
        var pages = 0
        repeat {
            let reply = try peer.call(Peer.request("keys", "f", "\"limit\":70", after))
            let rows = reply.list("keys")
            #expect(rows.count <= 70)
            seen += rows.compactMap { $0["key"] as? Int }
            for row in rows {
                #expect(row["bytes"] as? Int ?? 0 > 0 && row["age_ms"] != nil && row["tier"] != nil)
            }
            pages += 1
            // What changes meanwhile does not make others appear twice or not at all.
            if pages == 3 {
                for key in 2000..<2100 { #expect(try peer.put("f", "\(key)", "1").isOK) }
                #expect(try peer.call(Peer.request("delete", "f", "\"key\":0")).isOK)
            }
            after = reply.string("next").map { "\"after\":\"\($0)\"" } ?? ""
        } while !after.isEmpty && pages < 100
        let old = seen.filter { $0 < 2000 }
        #expect(Set(old).count == old.count, "listed twice")
        #expect(Set(old).union([0]) == Set(stride(from: 0, to: 1000, by: 2)))
    }

    @Test func functionsAreListedInPages() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        let names = (0..<250).map { "function \(String(format: "%03d", $0))" }
        for name in names.shuffled() { #expect(try peer.put(name, "1", "1").isOK) }
        var seen: [String] = []
        var after = ""
        repeat {
            let reply = try peer.call("{\"op\":\"functions\",\"limit\":40\(after)}")
            seen += reply.list("functions").compactMap { $0["fn"] as? String }
            after = reply.string("next").map { ",\"after\":\"\($0)\"" } ?? ""
        } while !after.isEmpty && seen.count < 1000
        #expect(seen == names)
    }

    @Test func tagsClearWhatBearsThemAcrossFunctionsAndRestarts() throws {
        let home = try Home()
        var daemon = try Daemon(home)
        var peer = try daemon.connect()
        for key in 0..<30 {
            let tags = key % 3 == 0 ? "\"tags\":[\"three\",\"all\"]" : "\"tags\":[\"all\"]"
            #expect(try peer.put("f\(key % 2)", "\(key)", "\(key)", tags).isOK)
        }
        try daemon.stop()
        daemon = try Daemon(home)
        peer = try daemon.connect()
        #expect(try peer.call(#"{"op":"clear","tag":"three"}"#).int("cleared") == 10)
        #expect(try peer.call(#"{"op":"clear","tag":"three"}"#).int("cleared") == 0)
        #expect(try peer.call(#"{"op":"clear","tag":"no such"}"#).int("cleared") == 0)
        // An entry put again without the tag is not its any more.
        #expect(try peer.put("f1", "1", "1").isOK)
        try daemon.kill()
        daemon = try Daemon(home)
        peer = try daemon.connect()
        for key in 0..<30 where key != 1 {
            #expect(try peer.get("f\(key % 2)", "\(key)").isHit == (key % 3 != 0), "\(key)")
        }
        #expect(try peer.put("f1", "1", "1").isOK)
        #expect(try peer.call(#"{"op":"clear","tag":"all"}"#).int("cleared") == 19)
        #expect(try peer.stats().int("currsize") == 1)
    }

    @Test func clearByFunctionZeroesItsCountersAndTotalsNeverFall() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        for key in 0..<10 {
            #expect(try peer.put("f", "\(key)", "1", "\"cost_ms\":5").isOK)
            #expect(try peer.get("f", "\(key)").isHit)
            #expect(try !peer.get("f", "\"absent \(key)\"").isHit)
        }
        #expect(try peer.call(Peer.request("report", "f", "\"hits\":90,\"saved_ms\":1000")).isOK)
        var info = try peer.info("f")
        #expect(info.int("hits") == 100)
        #expect(info.int("saved_ms") == 1050)
        #expect(try peer.call(#"{"op":"clear","fn":"f"}"#).int("cleared") == 10)
        info = try peer.info("f")
        #expect([info.int("hits"), info.int("misses"), info.int("currsize")] == [0, 0, 0])
        let stats = try peer.stats()
        #expect(stats.int("hits") == 100)
        #expect(stats.int("misses") == 10)
        #expect(stats.int("saved_ms") == 1050)
    }

    @Test func aBackupIsAWholeDatabase() throws {
        let home = try Home()
        let daemon = try Daemon(home)
        let peer = try daemon.connect()
        for key in 0..<2000 { #expect(try peer.put("f", "\(key)", "\"value \(key)\"").isOK) }
        #expect(try peer.define("f", "\"ttl_ms\":null").isOK)
        let copy = try Home()
        // While others write.
        let crew = try Crew.start(1) { _ in
            let writer = try Peer(home.socket)
            for key in 0..<3000 {
                guard try writer.put("g", "\(key)", "1").isOK else { throw HarnessError("put") }
            }
        }
        #expect(try peer.call("{\"op\":\"backup\",\"path\":\"\(copy.database)\"}").isOK)
        try crew.join()
        var status = stat()
        #expect(stat(copy.database, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        for path in [copy.database, copy.path + "/no/such/directory.db", copy.path] {
            let reply = try peer.call("{\"op\":\"backup\",\"path\":\"\(path)\"}")
            #expect(reply.bool("ok") == false, "\(path)")
        }
        try FileManager.default.createSymbolicLink(
            atPath: copy.path + "/link", withDestinationPath: copy.path + "/target")
        #expect(try peer.call("{\"op\":\"backup\",\"path\":\"\(copy.path)/link\"}").bool("ok") == false)
        #expect(!FileManager.default.fileExists(atPath: copy.path + "/target"))
        #expect(try peer.call(#"{"op":"backup","path":"relative.db"}"#).code == "bad_request")

        if Command.exists("sqlite3") {
            #expect(try Command.output("sqlite3", copy.database, "PRAGMA integrity_check") == "ok\n")
        }
        let second = try Daemon(copy)
        let other = try second.connect()
        for key in 0..<2000 { #expect(try other.get("f", "\(key)").value == "\"value \(key)\"") }
    }

    @Test func aBackupHasWhatWasPutBefore() throws {
        let home = try Home()
        let daemon = try Daemon(home, ["--flush-interval", "60s"])
        let peer = try daemon.connect()
        let copy = try Home()
        try peer.send(
            Peer.request("put", "f", "\"key\":1,\"value\":2"),
            "{\"op\":\"backup\",\"path\":\"\(copy.database)\"}")
        #expect(try peer.reply().isOK)
        #expect(try peer.reply().isOK)
        let second = try Daemon(copy)
        #expect(try second.connect().get("f", "1").value == "2")
    }

    @Test func typedFunctionsTellTheSpellingsOfNumbersApart() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        #expect(try peer.put("f", "1", "\"untyped\"").isOK)
        #expect(try peer.get("f", "1.0").isHit)
        #expect(try peer.define("f", "\"typed\":true").bool("typed") == true)
        #expect(try !peer.get("f", "1").isHit, "changing typed clears the function")
        #expect(try peer.put("f", "1", "\"integer\"").isOK)
        #expect(try peer.put("f", "1.0", "\"float\"").isOK)
        #expect(try peer.get("f", "1").value == "\"integer\"")
        #expect(try peer.get("f", "1e0").value == "\"float\"")
        #expect(try peer.info("f").int("currsize") == 2)
    }
}
