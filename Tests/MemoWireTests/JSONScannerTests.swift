internal import Foundation
internal import TestSupport
internal import Testing

@testable internal import MemoWire

@Suite struct JSONScannerTests {
    static func error(_ text: [UInt8]) -> JSONError? {
        text.withUnsafeBytes { bytes in
            do throws(JSONError) {
                try JSONScanner.validate(bytes)
                return nil
            } catch {
                return error
            }
        }
    }

    static func error(_ text: String) -> JSONError? { error(Array(text.utf8)) }

    @Test(arguments: [
        "0", "-0", "1e400", "-1.5E+10", "0e0", "1e-999999999999999999999", "true", "false", "null", "\"\"",
        "[]", "{}", " [ ] ", "[[],{}]", "{\"a\":1,\"a\":2}", "\r\n\t 1 \t\r\n", "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "\"\\u0000\"", "\"\u{7F}\"", "\"\u{10FFFF}\u{FFFF}\u{D7FF}\u{E000}\u{80}\u{800}\"", "\"\\/\"",
        "\"12345678\"", "\"1234567\"", "\"123456789012345\"", "\"1234567890123456\"",
    ])
    func accepts(_ text: String) {
        #expect(Self.error(text) == nil)
        #expect(ReferenceValidator.accepts(Array(text.utf8)))
    }

    @Test(arguments: [
        ("", JSONError.Reason.value, 0), (" ", .value, 1), ("nul", .value, 0), ("nulL", .value, 0),
        ("tru", .value, 0), ("True", .value, 0), ("NaN", .value, 0), ("Infinity", .value, 0),
        ("01", .leadingZero, 0), ("-01", .leadingZero, 1), ("+1", .value, 0), ("-", .digit, 1),
        ("1.", .digit, 2), (".5", .value, 0), ("1e", .digit, 2), ("1e+", .digit, 3), ("0x10", .end, 1),
        ("1 2", .end, 2), ("[1,]", .value, 3), ("[,1]", .value, 1), ("[1", .commaOrBracket, 2),
        ("[1}", .commaOrBracket, 2), ("{\"a\":1]", .commaOrBrace, 6), ("{\"a\" 1}", .colon, 5),
        ("{\"a\":}", .value, 5), ("{a:1}", .memberName, 1), ("{\"a\":1,}", .memberName, 7),
        ("{,}", .memberName, 1),
        ("{\"a\":1", .commaOrBrace, 6), ("{", .memberName, 1), ("[", .value, 1), ("]", .value, 0),
        ("\"", .closingQuote, 1), ("\"abc", .closingQuote, 4), ("\"abcdefgh", .closingQuote, 9),
        ("\"\\", .escape, 2), ("\"\\x\"", .escape, 2), ("\"\\u12G4\"", .hexDigits, 5),
        ("\"\\u123", .hexDigits, 6),
        ("'a'", .value, 0), ("\"a\nb\"", .controlCharacter, 2), ("\"\u{0}\"", .controlCharacter, 1),
        ("\u{0}", .value, 0), ("1\u{0}", .end, 1), ("\u{FEFF}1", .byteOrderMark, 0),
        ("[\u{FEFF}1]", .value, 1),
        ("// a\n1", .value, 0), ("[1]]", .end, 3), ("\u{A0}1", .value, 0), ("\u{B}1", .value, 0),
    ])
    func refuses(_ text: String, _ reason: JSONError.Reason, _ offset: Int) {
        #expect(Self.error(text) == JSONError(reason, at: offset))
        #expect(!ReferenceValidator.accepts(Array(text.utf8)))
    }

    @Test(
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xE0, 0x80, 0x80],
            [0xE0, 0x9F, 0xBF],
            [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xE1, 0x80], [0xF0, 0x80, 0x80, 0x80],
            [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF], [0xF1, 0x80, 0x80],
            [0xE2, 0x28, 0xA1],
            [0xF0, 0x9F, 0x98, 0x28],
        ] as [[UInt8]])
    func refusesBadUTF8(_ sequence: [UInt8]) {
        for prefix in ["", "1234567", "12345678"] {
            let text = Array("\"\(prefix)".utf8) + sequence + Array("\"".utf8)
            #expect(Self.error(text) == JSONError(.utf8, at: 1 + prefix.utf8.count))
        }
    }

    @Test func everyTwoByteStringIsJudgedAsTheReferenceDoes() {
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                let text = [0x22, first, second, 0x22]
                if (Self.error(text) == nil) != ReferenceValidator.accepts(text) {
                    Issue.record("\(text)")
                }
            }
        }
    }

    @Test func depthIsLimited() {
        func nested(_ depth: Int, _ open: String, _ close: String) -> String {
            String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
        }
        #expect(Self.error(nested(512, "[", "]")) == nil)
        #expect(Self.error(nested(513, "[", "]")) == JSONError(.tooDeep, at: 512))
        #expect(Self.error(nested(513, "[", "]"))?.description == "nested deeper than 512 at byte 512")
        #expect(Self.error(nested(512, "{\"\":", "}")) == nil)
        #expect(Self.error(nested(513, "{\"\":", "}"))?.reason == .tooDeep)
        #expect(Self.error(nested(256, "[{\"a\":", "}]")) == nil)
        #expect(Self.error(String(repeating: "[", count: 1_000_000))?.reason == .tooDeep)
        // Siblings do not add up.
        let siblings = "[" + Array(repeating: nested(511, "[", "]"), count: 3).joined(separator: ",") + "]"
        #expect(Self.error(siblings) == nil)
    }

    @Test func agreesWithTheReference() throws {
        var generator = JSONGenerator(random: SeededGenerator(for: "scanner"))
        let memory = GuardedMemory()
        var accepted = 0
        let cases = SeededGenerator.cases(40_000)
        for number in 0..<cases {
            var text = generator.text()
            if number % 3 != 0 { text = generator.damage(text) }
            let placed = memory.place(text)
            let isAccepted = (try? JSONScanner.validate(placed)) != nil
            if isAccepted { accepted += 1 }
            if isAccepted != ReferenceValidator.accepts(text) {
                Issue.record("case \(number): \(String(decoding: text, as: UTF8.self)) \(text)")
                return
            }
        }
        // Neither all nor none.
        #expect(accepted > cases / 3 && accepted < cases * 9 / 10)
    }

    @Test func whatIsAcceptedFoundationAccepts() {
        var generator = JSONGenerator(random: SeededGenerator(for: "scanner against Foundation"))
        for number in 0..<SeededGenerator.cases(5000) {
            var text = generator.text()
            if number % 2 == 0 { text = generator.damage(text) }
            // Foundation refuses numbers beyond Double, and halves of surrogate pairs.
            let string = String(decoding: text, as: UTF8.self)
            if string.contains(/[0-9][eE]/) || string.contains(/\\u[dD][89a-fA-F]/) { continue }
            guard Self.error(text) == nil else { continue }
            let object = try? JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)
            if object == nil {
                Issue.record("case \(number): \(string)")
                return
            }
        }
    }
}
