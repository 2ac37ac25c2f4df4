import Testing

@testable import Completion

/// What bash is offered, without a bash.
@Suite struct BashAnswerTests {
    private static let breaks = " \t\n\"'@><=;|&(:"

    private func offered(_ line: String, names: [String]) throws -> [String] {
        let dump = #"""
            {"command": {"commandName": "memoctl", "subcommands": [
                {"commandName": "get", "abstract": "Print.", "arguments": [
                    {"kind": "option", "names": [{"kind": "long", "name": "socket"}],
                     "completionKind": {"file": {}}},
                    {"kind": "positional", "valueName": "fn", "completionKind": {"custom": {}}}]},
                {"commandName": "stats", "arguments": [
                    {"kind": "option", "names": [{"kind": "long", "name": "sort"}],
                     "preferredName": {"kind": "long", "name": "sort"},
                     "completionKind": {"list": {"values": ["ratio", "name"]}}},
                    {"kind": "option", "names": [{"kind": "long", "name": "lease"}], "shouldDisplay": false}]}]}}
            """#
        let answer = try #require(
            Completion.answer(
                ["---complete", "bash", line, Self.breaks], dump: { dump }, values: { _, _, _ in names }))
        let fields = answer.split(separator: 0, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        #expect(fields.first == "words" && fields.last == "")
        return Array(fields.dropFirst().dropLast())
    }

    @Test func wordsComeQuotedForWhereTheyStand() throws {
        for (line, name, spelling) in [
            ("memoctl get ", "$(reboot)", #"\$\(reboot\)"#),
            ("memoctl get '", "$(reboot) 'x", #"$(reboot) '\''x"#),
            ("memoctl get \"", "$(reboot)`x`\"!", #"\$(reboot)\`x\`\""\!""#),
            ("memoctl get two", "two\nlines", #"two$'\x0a'lines"#),
            ("memoctl get two$'\\n'li", "two\nlines", #"two$'\x0a'lines"#),
            ("memoctl get run:", "run:make it", #"make\ it"#),
            ("memoctl get ru", "run:make", "run:make"),
            ("memoctl get f@1", "f@1.2", "@1.2"),
            ("memoctl get 'o'\\''b", "o'brien", "brien"),
            ("memoctl get ein\\ w", "ein wort", #"ein\ wort"#),
            ("memoctl get \u{1F600}", "\u{1F600} \u{9B}31m", "\u{1F600}\\ $'\\xc2\\x9b'31m"),
        ] {
            #expect(try offered(line, names: [name]) == [spelling], "\(line)")
        }
    }

    @Test func severalWordsShareNoHalfOfAnEscape() throws {
        // Inserting the backslash that both spellings begin with would change what was typed.
        #expect(try offered("memoctl get a", names: ["a$x", "a(y"]) == [#"a\$x"#, #"a\(y"#, ""])
        #expect(try offered("memoctl get a", names: ["ab$x", "ab(y"]) == ["ab", "ab…"])
        #expect(try offered("memoctl get a", names: ["abc", "abd"]) == ["abc", "abd"])
        #expect(try offered("memoctl get a\\ ", names: ["a b", "a c"]) == [#"a\ b"#, #"a\ c"#])
    }

    @Test func theRightThingIsOfferedInEachPlace() throws {
        #expect(try offered("memoctl ", names: []) == ["get", "stats"])
        #expect(try offered("memoctl --socket /x s", names: []) == ["stats"])
        #expect(try offered("memoctl stats --", names: []) == ["--sort"])
        #expect(try offered("memoctl stats --sort ", names: []) == ["ratio", "name"])
        #expect(try offered("memoctl stats --sort=n", names: []) == ["name"])
        #expect(try offered("memoctl stats --sort n --", names: []) == [])
        #expect(try offered("memoctl help g", names: []) == ["get"])
        #expect(try offered("memoctl get f ", names: ["f"]) == [])
        #expect(try offered("memoctl nothing ", names: ["f"]) == [])
        #expect(try offered("memoctl get nul", names: ["nul\0x"]) == [])
    }
}
