import ArgumentParser
import Testing

@testable import memoctl

@Suite struct ArgumentTests {
    @Test func commonOptionsMayComeFirst() {
        #expect(
            ArgumentOrder.arranged(["--socket", "p", "--json", "get", "f", "1"])
                == ["get", "--socket", "p", "--json", "f", "1"])
        #expect(ArgumentOrder.arranged(["--help"]) == ["--help"])
        #expect(ArgumentOrder.arranged(["--socket"]) == ["--socket"])
    }

    @Test func commandsThatAskNoDaemonTakeTheConnectionsOptions() {
        #expect(
            ArgumentOrder.arranged(["--socket", "p", "--timeout=2s", "completions", "bash"]) == [
                "completions", "bash",
            ])
        #expect(ArgumentOrder.arranged(["--json", "help", "get"]) == ["help", "--json", "get"])
    }

    @Test func anOptionAloneLacksItsValue() {
        #expect(ArgumentOrder.optionWithoutValue(["--socket"]) == "--socket")
        #expect(ArgumentOrder.optionWithoutValue(["--json", "--timeout"]) == "--timeout")
        #expect(ArgumentOrder.optionWithoutValue(["get", "--socket"]) == nil)
        #expect(ArgumentOrder.optionWithoutValue([]) == nil)
    }

    @Test func negativeNumbersAreNoOptions() {
        #expect(ArgumentOrder.arranged(["get", "f", "-1"]) == ["get", "f", "\0-1"])
        #expect(ArgumentOrder.arranged(["get", "f", "--", "-1"]) == ["get", "f", "--", "-1"])
        #expect(
            ArgumentOrder.arranged(["run", "--ttl", "1h", "--", "-1"]) == ["run", "--ttl", "1h", "--", "-1"])
        #expect(
            ArgumentOrder.arranged(["run", "--ttl", "-1s", "--", "a"]) == [
                "run", "--ttl", "\0-1s", "--", "a",
            ])
        #expect(ArgumentOrder.arranged(["put", "f", "1", "-"]) == ["put", "f", "1", "-"])
        #expect(ArgumentOrder.unmarked("\0-1") == "-1")
    }

    @Test(
        arguments: [
            ("50ms", 50), ("2s", 2000), ("10m", 600_000), ("1h", 3_600_000), ("7d", 604_800_000), ("0s", 0),
        ] as [(String, Int64)])
    func durations(text: String, milliseconds: Int64) {
        #expect(DurationArgument(argument: text)?.duration == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        "", "5", "s", "-1s", "1.5s", "1 s", "1w", "1S", "99999999999999999999s", "9999999999d", "١s",
    ])
    func whatIsNoDuration(text: String) {
        #expect(DurationArgument(argument: text) == nil)
    }

    /// The quick reader of `run` and the general parser must agree wherever both read.
    @Test(arguments: [
        ["run", "--", "true"],
        [
            "run", "--any-cwd", "--stdin", "--refresh", "--explain", "--keep-failures", "--", "a", "--ttl",
            "x",
        ],
        ["run", "--env", "A", "--env", "B", "--file", "x", "--key", "k", "--tag", "t", "--", "a"],
        ["run", "--auto-files", "--file-optional", "--file", "x", "--timeout", "2s", "--", "a"],
        ["run", "--ttl", "forever", "--stale", "1h", "--socket", "s", "--", "a", "--", "b"],
    ])
    func quickArgumentsMeanTheSame(arguments: [String]) throws {
        let words = arguments.map { Array($0.utf8) }
        let quick = try #require(QuickArguments.runSettings(arguments) { words })
        let parsed = try #require(try Memoctl.parseAsRoot(ArgumentOrder.arranged(arguments)) as? Run)
        var general = parsed.settings
        general.command = Array(words.suffix(parsed.command.count))
        #expect(quick == general)
    }

    @Test(arguments: [
        ["get", "f", "1"], ["run"], ["run", "--"], ["run", "true"], ["run", "--ttl", "5", "--", "a"],
        ["run", "--env", "--", "a"], ["run", "--help"], ["run", "--socket=x", "--", "a"],
        ["run", "--nope", "--", "a"], ["run", "--file-optional", "--", "a"],
    ])
    func theRestIsForTheGeneralParser(arguments: [String]) {
        #expect(QuickArguments.runSettings(arguments) { [] } == nil)
    }
}
