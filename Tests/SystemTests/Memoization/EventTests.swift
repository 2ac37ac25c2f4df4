import Foundation
import Testing

/// What subscribers are told.
@Suite struct EventTests {
    private func event(_ peer: Peer) throws -> [String] {
        let reply = try peer.reply()
        let key = reply["key"].map { "\($0)" } ?? "-"
        return [reply.string("event") ?? "?", reply.string("fn") ?? "-", key, reply.string("client") ?? "-"]
    }

    @Test func changesAreToldInTheirOrder() throws {
        let daemon = try Daemon()
        let (all, one, writer) = (try daemon.connect(), try daemon.connect(), try daemon.connect())
        #expect(try all.call(#"{"op":"subscribe"}"#).isOK)
        #expect(try one.call(#"{"op":"subscribe","fn":"g"}"#).isOK)
        #expect(try writer.call(#"{"op":"hello","client":"w"}"#).isOK)
        #expect(try writer.put("f", "[1, 2]", "1", "\"tags\":[\"t\"]").isOK)
        #expect(try writer.put("g", "1", "1", "\"tags\":[\"t\"]").isOK)
        #expect(try writer.put("g", "2", "1").isOK)
        #expect(try writer.call(Peer.request("delete", "g", "\"key\":2")).int("deleted") == 1)
        #expect(try writer.call(#"{"op":"clear","tag":"t"}"#).int("cleared") == 2)
        #expect(try writer.put("h", "3", "1", "\"lease\":\"never\"").bool("stored") == false)
        #expect(try writer.call(Peer.request("clear", "f")).isOK)
        #expect(try writer.put("h", "1", "1").isOK)
        #expect(try writer.call(#"{"op":"clear","all":true}"#).int("cleared") == 1)

        #expect(try event(all)[0...1] == ["put", "f"])
        #expect(try event(all) == ["put", "g", "1", "w"])
        #expect(try event(all) == ["put", "g", "2", "w"])
        #expect(try event(all) == ["delete", "g", "2", "w"])
        #expect(
            Set([try event(all), try event(all)]) == [["clear", "f", "-", "w"], ["clear", "g", "-", "w"]])
        #expect(try event(all) == ["clear", "f", "-", "w"])
        #expect(try event(all) == ["put", "h", "1", "w"])
        #expect(try event(all) == ["clear", "h", "-", "w"])
        #expect(try event(one) == ["put", "g", "1", "w"])
        #expect(try event(one) == ["put", "g", "2", "w"])
        #expect(try event(one) == ["delete", "g", "2", "w"])
        #expect(try event(one) == ["clear", "g", "-", "w"])

        // Subscriptions add up, and a change is told once; replies come between events.
        #expect(try one.call(#"{"op":"subscribe","fn":"f"}"#).isOK)
        #expect(try one.call(#"{"op":"subscribe"}"#).isOK)
        #expect(try writer.put("f", "9", "1").isOK)
        #expect(try event(one) == ["put", "f", "9", "w"])
        #expect(try one.call(#"{"op":"ping","id":4}"#).int("id") == 4)
        #expect(try one.isSilent(for: 0.05))
    }

    /// Who puts has said that what was there is no longer so.
    @Test func whatATooLargeValueWasToReplaceGoes() throws {
        let daemon = try Daemon()
        let (reader, writer) = (try daemon.connect(), try daemon.connect())
        #expect(try writer.define("f", "\"max_bytes\":1000").isOK)
        #expect(try writer.put("f", "1", "1").isOK)
        #expect(try reader.call(#"{"op":"subscribe"}"#).isOK)
        let large = "\"" + String(repeating: "x", count: 2000) + "\""
        #expect(try writer.put("f", "1", large, "\"if_absent\":true").string("reason") == "exists")
        #expect(try writer.put("f", "1", large).string("reason") == "too_large")
        #expect(try event(reader)[0...2] == ["delete", "f", "1"])
        #expect(try !writer.get("f", "1").isHit)
        #expect(try writer.call(#"{"op":"sync"}"#).isOK)
        try daemon.kill()
        let next = try Daemon(daemon.home)
        #expect(try !next.connect().get("f", "1").isHit)
    }

    @Test func aSubscriberThatDoesNotReadIsToldThatItMissedSome() throws {
        let daemon = try Daemon()
        let (slow, writer) = (try daemon.connect(), try daemon.connect())
        #expect(try slow.call(#"{"op":"subscribe"}"#).isOK)
        let padding = String(repeating: "k", count: 50_000)
        // The first ones take what memory it ever takes.
        for number in 0..<200 {
            #expect(try writer.put("f", "\"\(padding)\(number % 10)\"", "\(number)").isOK)
        }
        let before = try daemon.memoryKB()
        for number in 200..<3000 {
            #expect(try writer.put("f", "\"\(padding)\(number % 10)\"", "\(number)").isOK)
        }
        // 140 MB of events; what waits for the disk is bounded, too.
        let growth = try daemon.memoryKB() - before
        print("a subscriber that does not read: \(growth) kB more")
        #expect(growth < 80_000)
        var count = 0
        while true {
            let reply = try slow.reply()
            if reply.string("event") == "lost" { break }
            #expect(reply.string("event") == "put")
            count += 1
        }
        #expect(count > 0 && count < 3000)
        // From then on it hears everything again.
        try slow.send(#"{"op":"ping","id":1}"#)
        while try slow.reply().int("id") != 1 {}
        #expect(try writer.put("f", "\"after\"", "1").isOK)
        let reply = try slow.reply()
        #expect(reply.string("event") == "put")
        #expect(reply.string("key") == "after")
    }
}
