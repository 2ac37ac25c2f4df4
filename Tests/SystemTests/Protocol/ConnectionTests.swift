import Foundation
import TestSupport
import Testing

/// What connections see of each other and of the order of things.
@Suite struct ConnectionTests {
    @Test(arguments: ["1", "4"]) func pipelinedRequestsAreAnsweredInOrder(_ threads: String) throws {
        let seed = SeededGenerator.seed(for: "pipelinedRequestsAreAnsweredInOrder")
        let daemon = try Daemon(nil, ["--hot-bytes", "256KiB", "--io-threads", threads])
        let home = daemon.home
        try Crew.run(6) { number in
            var generator = SeededGenerator(seed &+ UInt64(number))
            let peer = try Peer(home.socket)
            var values: [Int: String] = [:]
            for _ in 0..<20 {
                var expected: [String] = []
                var lines = ""
                for id in 0..<Int.random(in: 1...400, using: &generator) {
                    let key = Int.random(in: 0..<300, using: &generator)
                    switch Int.random(in: 0..<10, using: &generator) {
                    case 0..<4:
                        let value =
                            "\"\(id) \(String(repeating: "v", count: Int.random(in: 0..<3000, using: &generator)))\""
                        values[key] = value
                        let durable = id % 50 == 0 ? ",\"durable\":true" : ""
                        lines +=
                            "{\"id\":\(id),\"op\":\"put\",\"fn\":\"f\(number)\",\"key\":\(key),\"value\":\(value)\(durable)}\n"
                        expected.append("{\"id\":\(id),\"ok\":true,\"stored\":true}")
                    case 4:
                        lines += "{\"id\":\(id),\"op\":\"delete\",\"fn\":\"f\(number)\",\"key\":\(key)}\n"
                        expected.append(
                            "{\"id\":\(id),\"ok\":true,\"deleted\":\(values[key] == nil ? 0 : 1)}")
                        values[key] = nil
                    default:
                        lines += "{\"id\":\(id),\"op\":\"get\",\"fn\":\"f\(number)\",\"key\":\(key)}\n"
                        let found = values[key].map { "true,\"value\":\($0)" } ?? "false"
                        expected.append("{\"id\":\(id),\"ok\":true,\"hit\":\(found)}")
                    }
                }
                try peer.send(bytes: lines.utf8)
                for line in expected {
                    let reply = try peer.line()
                    guard reply == line else {
                        throw HarnessError(
                            "expected \(line.prefix(200)), received \(reply?.prefix(200) ?? "the end")")
                    }
                }
            }
        }
    }

    @Test func requestsMayComeInPiecesOfAnySize() throws {
        let seed = SeededGenerator.seed(for: "requestsMayComeInPiecesOfAnySize")
        var generator = SeededGenerator(seed)
        let daemon = try Daemon()
        let peer = try daemon.connect()
        var bytes: [UInt8] = []
        for key in 0..<200 {
            bytes +=
                Array(Peer.request("put", "f", "\"key\":\(key),\"value\":\"é \(key)\"").utf8) + [
                    0x0D, 0x0A, 0x0A,
                ]
            bytes += Array(Peer.request("get", "f", "\"key\":\(key)").utf8) + [0x0A]
        }
        var sent = 0
        while sent < bytes.count {
            let count = min(Int.random(in: 1...60, using: &generator), bytes.count - sent)
            try peer.send(bytes: bytes[sent..<sent + count])
            sent += count
        }
        for key in 0..<200 {
            #expect(try peer.reply().bool("stored") == true)
            #expect(try peer.reply().value == "\"é \(key)\"")
        }
    }

    @Test func subscribersAreToldOfWhatTheyAskedFor() throws {
        let daemon = try Daemon()
        let (all, one, writer) = (try daemon.connect(), try daemon.connect(), try daemon.connect())
        #expect(try all.call(#"{"op":"subscribe"}"#).isOK)
        #expect(try one.call(#"{"op":"subscribe","fn":"g"}"#).isOK)
        #expect(try writer.call(#"{"op":"hello","client":"the writer"}"#).string("server") == "memod")
        #expect(try writer.put("f", "[1]", "1", "\"tags\":[\"t\"]").isOK)
        #expect(try writer.put("g", "2", "1", "\"tags\":[\"t\"]").isOK)
        #expect(try writer.call(Peer.request("delete", "f", "\"key\":[1]")).int("deleted") == 1)
        #expect(try writer.call(Peer.request("delete", "f", "\"key\":\"absent\"")).int("deleted") == 0)
        #expect(try writer.call(#"{"op":"clear","tag":"t"}"#).int("cleared") == 1)
        #expect(try writer.call(#"{"op":"clear","fn":"f"}"#).int("cleared") == 0)

        func next(_ peer: Peer) throws -> String {
            let event = try peer.reply()
            #expect(event.string("client") == "the writer")
            let key =
                event.has("key")
                ? event.text.contains("\"key\":[1]") ? "[1]" : "\(event.int("key") ?? -1)" : "-"
            return "\(event.string("event") ?? "?") \(event.string("fn") ?? "?") \(key)"
        }
        #expect(try (0..<3).map { _ in try next(all) } == ["put f [1]", "put g 2", "delete f [1]"])
        #expect(try next(all) == "clear g -")
        #expect(try next(all) == "clear f -")
        #expect(try (0..<2).map { _ in try next(one) } == ["put g 2", "clear g -"])
        // Replies come between events.
        #expect(try one.call(#"{"op":"ping","id":1}"#).int("id") == 1)
        #expect(try all.call(#"{"op":"ping","id":1}"#).int("id") == 1)
    }

    @Test func aSubscriberThatDoesNotReadIsToldThatEventsWereLost() throws {
        let daemon = try Daemon()
        let (slow, writer) = (try daemon.connect(), try daemon.connect())
        #expect(try slow.call(#"{"op":"subscribe","fn":"f"}"#).isOK)
        let before = try daemon.memoryKB()
        let key = String(repeating: "k", count: 20_000)
        for number in 0..<2000 { #expect(try writer.put("f", "\"\(number)\(key)\"", "1").isOK) }
        #expect(try daemon.memoryKB() - before < 100 << 10)
        var (events, lost) = (0, 0)
        while lost == 0 {
            let event = try slow.reply()
            if event.string("event") == "lost" { lost += 1 } else { events += 1 }
        }
        #expect(events > 0)
        #expect(events < 2000)
        // Afterwards it is told again.
        #expect(try writer.call(Peer.request("delete", "f", "\"key\":\"0\(key)\"")).int("deleted") == 1)
        var last = try slow.reply()
        while last.string("event") != "delete" { last = try slow.reply() }
    }

    @Test func noByteOfOneConnectionReachesAnother() throws {
        let daemon = try Daemon()
        let home = daemon.home
        // Buffers go round among connections that are closed in the middle of a line.
        try Crew.run(8) { number in
            let letter = String(UnicodeScalar(UInt8(ascii: "a") + UInt8(number)))
            let text = String(repeating: letter, count: 5000)
            for round in 0..<40 {
                let peer = try Peer(home.socket)
                let reply = try peer.put("f", "[\"\(letter)\",\(round)]", "\"\(text)\"")
                guard reply.bool("stored") == true else { throw HarnessError("\(reply)") }
                try peer.send(Peer.request("get", "f", "\"key\":[\"\(letter)\",\(round)]"))
                guard let line = try peer.line(), line == "{\"ok\":true,\"hit\":true,\"value\":\"\(text)\"}"
                else {
                    throw HarnessError("something else came back to \(letter)")
                }
                try peer.send(bytes: Array("{\"op\":\"put\",\"fn\":\"f\",\"value\":\"\(text)".utf8))
            }
        }
        #expect(try daemon.connect().stats().int("currsize") == 320)
    }
}
