import Foundation
import TestSupport
import Testing

/// Input that is wrong, or that tries how far one can go: a stable error or an exact answer.
@Suite struct AbuseTests {
    private static func put(_ value: String, key: String = "1") -> [UInt8] {
        Array("{\"op\":\"put\",\"fn\":\"f\",\"key\":\(key),\"value\":\(value)}".utf8)
    }

    private static func put(bytes: [UInt8]) -> [UInt8] {
        Array("{\"op\":\"put\",\"fn\":\"f\",\"key\":1,\"value\":\"".utf8) + bytes + Array("\"}".utf8)
    }

    /// Lines, each with the code of the error that answers it.
    private static let wrong: [(line: [UInt8], code: String)] =
        [
            (put(String(repeating: "[", count: 513) + String(repeating: "]", count: 513)), "bad_json"),
            (put(String(repeating: "[", count: 100_000)), "bad_json"),
            (put(String(repeating: "{\"a\":", count: 100_000)), "bad_json"),
            (put("1", key: "\"\\ud800\""), "bad_request"),
            (put("1", key: "\"\\udc00\\ud800\""), "bad_request"),
            (put("1", key: "1e1000000000000001"), "bad_request"),
            (put("1", key: "1e-1000000000000001"), "bad_request"),
            (put("1", key: "{\"a\":1,\"\\u0061\":2}"), "bad_json"),
            (put("1", key: "[{\"b\":[{\"a\":1,\"a\":1}]}]"), "bad_json"),
            (Array("{\"op\":\"get\",\"fn\":\"f\",\"key\":1,\"key\":1}".utf8), "bad_json"),
            (Array("{\"op\":\"get\",\"fn\":\"f\",\"fn\":\"f\",\"key\":1}".utf8), "bad_json"),
            ([0xEF, 0xBB, 0xBF] + Array("{\"op\":\"ping\"}".utf8), "bad_json"),
            ([0x00], "bad_json"),
            (Array("{\"op\":\"ping\"}".utf8) + [0x00], "bad_json"),
            (put(bytes: [0x00]), "bad_json"), (put(bytes: [0x1F]), "bad_json"),
            (put(bytes: [0x80]), "bad_json"),
            (put(bytes: [0xC0, 0x80]), "bad_json"), (put(bytes: [0xC1, 0xBF]), "bad_json"),
            (put(bytes: [0xE0, 0x80, 0xAF]), "bad_json"), (put(bytes: [0xED, 0xA0, 0x80]), "bad_json"),
            (put(bytes: [0xF0, 0x80, 0x80, 0x80]), "bad_json"),
            (put(bytes: [0xF4, 0x90, 0x80, 0x80]), "bad_json"),
            (put(bytes: [0xF8, 0x88, 0x80, 0x80, 0x80]), "bad_json"), (put(bytes: [0xFF]), "bad_json"),
            (put(bytes: [0xE2, 0x82]), "bad_json"),
        ]
        + [
            "{", "}", "[]", "1", "null", "\"x\"", "{\"op\":\"ping\"}{\"op\":\"ping\"}", "{\"op\":\"ping\",}",
            "{'op':'ping'}",
            "{\"op\":\"ping\"} x", "{op:\"ping\"}", "{\"op\":\"ping\" \"id\":1}",
            "{\"op\":\"get\",\"fn\":\"f\",\"key\":01}",
            "{\"op\":\"get\",\"fn\":\"f\",\"key\":+1}", "{\"op\":\"get\",\"fn\":\"f\",\"key\":1.}",
            "{\"op\":\"get\",\"fn\":\"f\",\"key\":.5}", "{\"op\":\"get\",\"fn\":\"f\",\"key\":NaN}",
            "{\"op\":\"get\",\"fn\":\"f\",\"key\":Infinity}", "{\"op\":\"get\",\"fn\":\"f\",\"key\":\"\\x\"}",
            "{\"op\":\"get\",\"fn\":\"f\",\"key\":\"\\u12\"}", "{\"op\":\"get\",\"fn\":\"f\",\"key\":tru}",
            "// {\"op\":\"ping\"}",
        ].map { (Array($0.utf8), "bad_json") }
        + [
            "{}", "{\"op\":1}", "{\"op\":\"get\"}", "{\"op\":\"get\",\"fn\":\"\",\"key\":1}",
            "{\"op\":\"get\",\"fn\":\"f\",\"key\":1,\"ttl_ms\":1}",
            "{\"op\":\"put\",\"fn\":\"f\",\"key\":1,\"value\":1,\"tll_ms\":1}",
            "{\"op\":\"put\",\"fn\":\"f\",\"key\":1,\"value\":1,\"ttl_ms\":-1}",
            "{\"op\":\"put\",\"fn\":\"f\",\"key\":1,\"value\":1,\"ttl_ms\":1.5}",
            "{\"op\":\"get\",\"fn\":\"f\",\"key\":1,\"lease_ms\":3600001}", "{\"op\":\"clear\"}",
            "{\"op\":\"clear\",\"fn\":\"f\",\"all\":true}", "{\"op\":\"clear\",\"all\":false}",
        ].map { (Array($0.utf8), "bad_request") }
        + [("{\"op\":\"flush_all\"}", "unknown_op")].map { (Array($0.0.utf8), $0.1) }

    @Test func wrongLinesAreAnsweredAndChangeNothing() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        #expect(try peer.put("f", "1", "\"as it was\"").bool("stored") == true)
        for (line, code) in Self.wrong {
            try peer.send(bytes: line + [0x0A])
            let reply = try peer.reply()
            let shown = String(decoding: line.prefix(120), as: UTF8.self)
            #expect(reply.bool("ok") == false, "\(shown): \(reply)")
            #expect(reply.code == code, "\(shown): \(reply)")
            #expect(reply.string("error.message")?.isEmpty == false, "\(shown): \(reply)")
        }
        #expect(try peer.get("f", "1").value == "\"as it was\"")
        let stats = try peer.stats()
        #expect(stats.int("currsize") == 1)
        #expect(stats.int("functions") == 1)
    }

    @Test func valuesComeBackByteForByte() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        let values = [
            "1e400", "-0", "-0.0", "1.0", "1E+02", "0.1000", "123456789012345678901234567890", "\"\\ud800\"",
            "\"\\u0041\\/\\n\"",
            "[ 1 ,\t2 ]", "{\"a\":1,\"a\":2}", "{\"b\":1,\"a\":2}",
            "\"\u{10FFFF}\u{2028}\u{0}\"".replacing("\u{0}", with: "\\u0000"),
            "null", "true", "\"\"", "[]", "{}",
            String(repeating: "[", count: 511) + String(repeating: "]", count: 511),
            String(repeating: "9", count: 1_000_000), "\"" + String(repeating: "é", count: 500_000) + "\"",
        ]
        for (key, value) in values.enumerated() {
            #expect(try peer.put("f", "\(key)", value).bool("stored") == true, "\(value.prefix(100))")
        }
        for (key, value) in values.enumerated() {
            try peer.send(Peer.request("get", "f", "\"key\":\(key)"))
            let line = try peer.line()
            #expect(line == "{\"ok\":true,\"hit\":true,\"value\":\(value)}", "\(line?.prefix(200) ?? "")")
        }
    }

    @Test func numbersOfKeysAreNeverRounded() throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        let long = String(repeating: "7", count: 1_000_000)
        let same = [
            ["1", "1.0", "1e0", "10e-1", "0.1e1", "1.000000000000000000000"],
            ["0", "-0", "0.0", "0e99", "-0e-5"],
            ["1e400", "10e399", "0.1e401"], ["100", "1e2", "1E+2"], [long, long + ".0", long + "e0"],
            ["9007199254740993", "9007199254740993.0"], ["1e1000000000000000"],
        ]
        let others = [
            "9007199254740992", "0.1", "0.1000000000000000055511151231257827", "1e401", "-1",
            String(long.dropLast()) + "8",
            "1e999999999999999", "1.0000000000000000000000000000000000000001",
        ]
        for (index, spellings) in same.enumerated() {
            #expect(try peer.put("numbers", spellings[0], "\(index)").bool("stored") == true)
            for spelling in spellings {
                #expect(try peer.get("numbers", spelling).value == "\(index)", "\(spelling.prefix(50))")
            }
        }
        for other in others {
            let reply = try peer.get("numbers", other)
            #expect(reply.isOK)
            #expect(!reply.isHit, "\(other.prefix(50))")
        }
        #expect(try peer.info("numbers").int("currsize") == same.count)
    }

    /// Requests with bytes changed, cut, doubled and moved about: each line is answered once, whatever is in it.
    @Test func mutatedRequestsAreAnswered() throws {
        let seed = SeededGenerator.seed(for: "mutatedRequestsAreAnswered")
        var generator = SeededGenerator(seed)
        let daemon = try Daemon()
        let peer = try daemon.connect()
        let sound = [
            #"{"op":"put","fn":"f","key":{"a":[1,2.5e3,"x\u00e9"],"b":null},"value":{"v":[true,false]},"ttl_ms":1000,"tags":["t"]}"#,
            #"{"op":"get","fn":"f","key":{"b":null,"a":[1,2500,"xé"]},"id":17,"meta":true}"#,
            #"{"op":"mget","fn":"f","keys":[1,2,"three"]}"#,
            #"{"op":"mput","fn":"f","entries":[{"key":1,"value":1},{"key":2,"value":2,"if_absent":true}]}"#,
            #"{"op":"define","fn":"f","maxsize":10,"ttl_ms":null,"typed":false}"#,
            #"{"op":"delete","fn":"f","key":1}"#, #"{"op":"why","fn":"f","key":1}"#,
            #"{"op":"keys","fn":"f","limit":5}"#,
        ].map { Array($0.utf8) }
        for round in 0..<3000 {
            var line = sound.randomElement(using: &generator)!
            for _ in 0..<Int.random(in: 1...4, using: &generator) where !line.isEmpty {
                let place = Int.random(in: 0..<line.count, using: &generator)
                switch Int.random(in: 0..<5, using: &generator) {
                case 0: line[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: line.remove(at: place)
                case 2: line.insert(line[place], at: place)
                case 3: line = Array(line[..<place])
                default: line.swapAt(place, Int.random(in: 0..<line.count, using: &generator))
                }
            }
            // Line feeds would make it several, and subscriptions or waits are not what this is about.
            line.removeAll { $0 == 0x0A }
            try peer.send(bytes: line + [0x0A] + Array("{\"op\":\"ping\",\"id\":\(round)}\n".utf8))
            let isBlank = line.allSatisfy { [0x20, 0x09, 0x0D].contains($0) }
            if !isBlank {
                let reply = try peer.line()
                #expect(reply?.hasPrefix("{") == true && reply?.contains("\"ok\":") == true, "round \(round)")
            }
            #expect(try peer.line() == "{\"id\":\(round),\"ok\":true}", "round \(round)")
        }
    }

    @Test(arguments: [64 << 20, 256 << 20]) func aLineOfAnyLengthTakesNoMemory(_ bytes: Int) throws {
        let daemon = try Daemon(nil, ["--max-line", "1MiB"])
        let peer = try daemon.connect()
        #expect(try peer.put("f", "1", "1").isOK)
        let before = try daemon.memoryKB()
        try peer.send(bytes: #"{"op":"put","fn":"f","key":2,"value":""#.utf8)
        let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        for _ in 0..<bytes >> 20 { try peer.send(bytes: chunk) }
        let during = try daemon.memoryKB()
        try peer.send("\"}")
        let reply = try peer.reply()
        #expect(reply.code == "too_large")
        #expect(!reply.has("id"))
        #expect(during - before < 8 << 10, "\(before) kB before, \(during) kB during the line")
        #expect(try peer.get("f", "1").value == "1")
        #expect(try !peer.get("f", "2").isHit)
    }
}
