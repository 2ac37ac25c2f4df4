import Foundation
import MemodFixture
import Testing

/// What is said to whoever made a mistake.
@Suite struct MessageSystemTests {
    private static let long = String(repeating: "x", count: 5000)
    private static let digits = String(repeating: "9", count: 100)
    private static let deep = String(repeating: "[", count: 600) + String(repeating: "]", count: 600)

    @Test(arguments: [
        (
            ["get", "f", #"{"a": 1, "\u0061": 2}"#],
            #"KEY cannot be a key: member "\u0061" is repeated at byte 9"#
        ),
        (
            ["put", "f", "1", "2", "--ttl", "10"],
            "'10' is invalid for '--ttl <duration>': a duration is a whole number and a unit, ms, s, m, h or d"
        ),
        (["run", "--stale", "soon", "--", "true"], "a duration is a whole number and a unit"),
        (["define", "f", "--maxsize", "many"], "it is a whole number of entries, or none"),
        (["keys", "f", "--limit", "x"], "it is a whole number"),
        (["define", "f"], "Give a setting to change"),
        (["define", "f", "--max-size", "3"], "Unknown option '--max-size'"),
        (["clear", "--nothing"], "Unknown option '--nothing'"),
        (["get", "f", "hello"], #"A string is written '"hello"', or with --string as it is"#),
        (["stats", "f", "--limit", "3"], "--sort, --limit, --details and --versions are for all functions"),
        (["stats", "--interval", "1s"], "--interval is for --watch"),
        (["stats", "--details", "--json"], "--details is for the table"),
        (["get", "f", "1", "--meta"], "--meta is for --json"),
        (["get", "f", "1", "--raw", "--json"], "--raw prints a string"),
        (["keys", "f", "--all", "--limit", "3"], "--all and --limit"),
        (["run", "--file-optional", "--", "true"], "--file-optional is for --file"),
        (["run", "--file", "nothing", "--", "true"], "--file nothing: there is no such file"),
        (["get", "", "1"], "'' is invalid for '<fn>': a function's name has 1 to 512 bytes"),
        (["clear", "--tag", ""], "'' is invalid for '--tag <tag>': a tag has 1 to 128 bytes"),
        (["get", long, "1"], "…' is invalid for '<fn>': a function's name has 1 to 512 bytes"),
        (
            ["stats", "--socket", ""],
            "'' is invalid for '--socket <path>': a path has at least one character"
        ),
        (["run", "--socket", "", "--", "true"], "'' is invalid for '--socket <path>'"),
        (["run", "--socket=", "--", "true"], "Missing value for '--socket <path>'"),
        (["run", "--file", "", "--", "true"], "'' is invalid for '--file <path>'"),
        (["export", ""], "'' is invalid for '<file>'"), (["import", ""], "'' is invalid for '<file>'"),
        (["backup", ""], "'' is invalid for '<file>'"),
        (["dashboard", "--save", ""], "'' is invalid for '--save <file>'"),
        (["keys", "f", "--limit", "0"], "'0' is invalid for '--limit <n>': it is a whole number from 1 to"),
        (
            ["keys", "f", "--limit", digits],
            "…' is invalid for '--limit <n>': it is a whole number from 1 to"
        ),
        (
            ["define", "f", "--maxsize", digits],
            "it is a whole number of entries, or none (at most 9007199254740992)"
        ),
        (["define", "f", "--stale", "soon"], "such as 10m; or it is none"),
        (["define", "f", "--ttl", "soon"], "such as 10m; or it is forever"),
        (["history", "--points", "0"], "it is a whole number from 1"),
        (["history", "--points", "2001"], "--points must be from 1 to 2000"),
        (["report", "f", "-1"], "it is a whole number from 0 to 9007199254740992"),
        (["put", "f", "1", deep], "VALUE is nested deeper than 511 at byte 511"),
        (["get", "f", deep], "KEY is nested deeper than 511"),
        (["get", "f", "[1,]"], "KEY is not JSON: [1,] (expected a value at byte 3)"),
        (["get", "f", long], "KEY is not JSON: xxxx"),
        (["get", "f", "1", long], "Unexpected argument 'xxxx"),
        (["run", "--env", long + "=", "--", "true"], "and not \"xxxx"),
        (["get", "f", "1", "--" + long], "Unknown option '--xxxx"),
        (["get", "f", "1", "two\nlines\u{1B}[31m"], "Unexpected argument 'two\\u000alines\\u001b[31m'"),
        ([long], "there is no command \"xxxx"),
    ])
    func aMistakeIsNamedBehindOnePrefix(arguments: [String], said: String) throws {
        let result = try SystemFixture().memoctl(arguments)
        #expect(result.status == 64)
        #expect(result.errors.hasPrefix("memoctl: ") && result.errors.contains(said), "\(result.errors)")
        // What was typed is shown short, and cannot write to the terminal.
        #expect(result.errors.utf8.count < 1000 && !result.errors.contains("\u{1B}"), "\(result.errors)")
        if let usage = result.errors.split(separator: "\n").first(where: { $0.hasPrefix("Usage: ") }) {
            #expect(usage.hasPrefix("Usage: memoctl \(arguments[0]) "), "\(usage)")
        }
    }

    /// As deep as a request may have it: what was stored can be exported and imported, too.
    @Test func whatIsDeepIsTakenOrRefusedBeforeItIsSent() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        for (depth, status) in [(511, 0), (512, 64), (513, 64)] as [(Int, Int32)] {
            let said = try fixture.memoctl("put", "f", "1", nested(depth)).errors
            #expect(said.hasPrefix(status == 0 ? "" : "memoctl: VALUE is nested deeper than 511"), "\(said)")
            #expect(try fixture.memoctl("put", "f", "2", "-", input: nested(depth)).status == status)
            #expect(try fixture.memoctl("get", "f", nested(depth)).status == (status == 0 ? 2 : status))
        }
        try fixture.memoctl("put", "g", "1", "2")
        try fixture.memoctl("export", "x.ndjson")
        try fixture.memoctl("clear", "--all")
        let imported = try fixture.memoctl("import", "x.ndjson")
        #expect(imported.status == 0, "\(imported.errors)")
        #expect(try fixture.memoctl("get", "f", "1").output == nested(511) + "\n")
    }

    @Test func anImportNamesFileAndLine() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let lines = [#"{"memod_export":1,"at_ms":0}"#, #"{"fn":"f","key":1,"value":2}"#, "", #"{"fn":"f"}"#]
        try lines.joined(separator: "\n").write(
            toFile: fixture.directory + "/x.ndjson", atomically: true, encoding: .utf8)
        let result = try fixture.memoctl("import", "x.ndjson")
        #expect(result.status == 1)
        #expect(result.errors == "memoctl: x.ndjson, line 4: an entry without fn, key and value\n")
        let piped = try fixture.memoctl("import", "-", input: lines.joined(separator: "\n"))
        #expect(piped.errors.contains("standard input, line 4: "))
    }

    @Test func optionsMayStandBeforeEveryCommand() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        try fixture.memoctl("put", "f", "1", "2")
        for command in [
            ["completions", "bash"], ["help", "get"], ["run", "--", "true"], ["ping"], ["get", "f", "1"],
            ["stats"], ["doctor"], ["sync"],
        ] {
            let options = ["--socket", fixture.socket, "--timeout", "20s"]
            let result = try fixture.memoctl(options + command, environment: ["MEMOD_SOCKET": "/nonexistent"])
            #expect(result.status == 0, "\(command): \(result.errors)")
        }
    }

    @Test func textNeedsNoQuotes() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        #expect(try fixture.memoctl("put", "greet", "--string", "Ada", #"Hello, "Ada""#).status == 0)
        #expect(try fixture.memoctl("get", "greet", #""Ada""#).output == #""Hello, \"Ada\"""# + "\n")
        #expect(try fixture.memoctl("get", "greet", "--string", "--raw", "Ada").output == "Hello, \"Ada\"\n")
        // A number is text too, and what is no string has no quotes to lose.
        #expect(try fixture.memoctl("put", "greet", "--string", "-1", "-", input: "two\nlines").status == 0)
        #expect(try fixture.memoctl("get", "greet", #""-1""#, "--raw").output == "two\nlines\n")
        #expect(try fixture.memoctl("put", "greet", "1", "[1]").status == 0)
        #expect(try fixture.memoctl("get", "greet", "1", "--raw").output == "[1]\n")
        #expect(try fixture.memoctl("get", "greet", "--string", "1").status == 2)
        for command in [["why"], ["touch", "--ttl", "1h"], ["delete"]] {
            #expect(try fixture.memoctl(command + ["greet", "--string", "Ada"]).status == 0, "\(command)")
        }
        #expect(try fixture.memoctl("get", "greet", "--string", "Ada").status == 2)
    }

    @Test func aUserWhomTheSocketRefusesIsToldHowToJoin() throws {
        guard getuid() == 0 else { return }
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        for path in [fixture.directory, URL(fileURLWithPath: try SystemFixture.program("memoctl")).path] {
            #expect(chmod(path, 0o755) == 0)
        }
        for command in [["get", "f", "1"], ["stats"], ["run", "--", "true"], ["clear", "f"], ["monitor"]] {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
            process.arguments =
                ["--reuid", "65534", "--clear-groups", try SystemFixture.program("memoctl")] + command
            process.environment = ["MEMOD_SOCKET": fixture.socket, "PATH": "/usr/bin:/bin"]
            let (_, text) = try SystemFixture.run(process)
            #expect(text.contains("usermod --append --groups memod-clients"), "\(command): \(text)")
        }
    }
}
