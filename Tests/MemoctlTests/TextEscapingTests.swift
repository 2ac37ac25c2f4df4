import Testing

@testable import Platform
@testable import memoctl

@Suite struct TextEscapingTests {
    @Test func controlCharactersAreEscapedAsJSONDoes() {
        #expect(TextEscaping.printable("a\u{1B}[31mb\u{7F}\u{9B}c") == "a\\u001b[31mb\\u007f\\u009bc")
        #expect(TextEscaping.printable("evil\u{202E}txt") == "evil\\u202etxt")
        #expect(TextEscaping.printable("tag\u{E0041}") == "tag\\udb40\\udc41")
    }

    @Test func ordinaryTextStays() {
        for text in ["", "plain", "Grüße, 日本", "👩\u{200D}💻"] {
            #expect(TextEscaping.printable(text) == text)
        }
    }

    @Test func aLineFeedInANameMakesNoRow() {
        var table = Table([("NAME", .left), ("N", .right)])
        table.add(["a\nb", "1"])
        table.add(["longer name", "22"])
        #expect(
            table.lines(width: nil) { $0 } == ["NAME          N", "a\\u000ab      1", "longer name  22"])
    }

    @Test func theFirstColumnIsCutToTheWidth() {
        var table = Table([("NAME", .left), ("N", .right)])
        table.add([String(repeating: "x", count: 100), "1"])
        let lines = table.lines(width: 40) { $0 }
        #expect(lines.allSatisfy { DisplayWidth.of($0) <= 40 })
        #expect(lines[1].hasSuffix("…  1"))
    }
}
