import Foundation
import MemodFixture
import Testing

/// The exit status of every command, with and without --json, and that failures are said on standard error.
@Suite struct ExitStatusSystemTests {
    struct Case: CustomTestStringConvertible {
        let arguments: [String]
        let status: Int32
        /// Whether a failure has nothing to add to its status.
        var isSilent = false
        var input: String?
        var takesJSON = true
        var testDescription: String { arguments.joined(separator: " ") }
    }

    /// Against a daemon in which `f` has an entry for 1, and that is all.
    private static let cases: [Case] = [
        Case(arguments: ["get", "f", "1"], status: 0),
        Case(arguments: ["get", "f", "2"], status: 2, isSilent: true),
        Case(arguments: ["get", "g", "1"], status: 2, isSilent: true),
        Case(arguments: ["put", "p", "1", "2"], status: 0),
        Case(arguments: ["put", "f", "1", "2", "--if-absent"], status: 2),
        Case(arguments: ["put", "p", "2", "-"], status: 0, input: "[1]"),
        Case(arguments: ["put", "p", "2", "-"], status: 64, input: "[1"),
        Case(arguments: ["delete", "p", "1"], status: 0), Case(arguments: ["delete", "p", "1"], status: 0),
        Case(arguments: ["touch", "f", "1", "--ttl", "1h"], status: 0),
        Case(arguments: ["touch", "f", "2", "--ttl", "1h"], status: 2),
        Case(arguments: ["why", "f", "1"], status: 0), Case(arguments: ["why", "f", "2"], status: 0),
        Case(arguments: ["why", "n", "1"], status: 2), Case(arguments: ["info", "n"], status: 2),
        Case(arguments: ["stats", "n"], status: 2), Case(arguments: ["keys", "n"], status: 2),
        Case(arguments: ["forget", "n"], status: 2),
        Case(arguments: ["clear", "c"], status: 0), Case(arguments: ["clear", "--tag", "t"], status: 0),
        Case(arguments: ["info", "f"], status: 0), Case(arguments: ["stats", "f"], status: 0),
        Case(arguments: ["stats"], status: 0), Case(arguments: ["functions"], status: 0),
        Case(arguments: ["keys", "f"], status: 0),
        Case(arguments: ["define", "d", "--maxsize", "3"], status: 0),
        Case(arguments: ["define", "d"], status: 64), Case(arguments: ["report", "d", "1"], status: 0),
        Case(arguments: ["sync"], status: 0), Case(arguments: ["ping"], status: 0),
        Case(arguments: ["history"], status: 0), Case(arguments: ["history", "f"], status: 0),
        Case(arguments: ["history", "n"], status: 2),
        Case(arguments: ["history", "--points", "0"], status: 64),
        Case(arguments: ["advise"], status: 0), Case(arguments: ["advise", "n"], status: 2),
        Case(arguments: ["start"], status: 0), Case(arguments: ["doctor"], status: 0),
        Case(arguments: ["remote"], status: 1), Case(arguments: ["remote", "ping"], status: 1),
        Case(arguments: ["remote", "status"], status: 1), Case(arguments: ["remote", "of"], status: 64),
        Case(arguments: ["dashboard", "--save", ""], status: 64),
        Case(arguments: ["export", "-", "n"], status: 2),
        Case(arguments: ["export", "out.ndjson"], status: 0),
        Case(arguments: ["import", "out.ndjson"], status: 0),
        Case(arguments: ["import", "nothing.ndjson"], status: 1),
        Case(arguments: ["backup", "/nonexistent/copy.db"], status: 1),
        Case(arguments: ["get", "f"], status: 64), Case(arguments: ["get", "f", "{"], status: 64),
        Case(arguments: ["get", "f", #"{"a":1,"a":2}"#], status: 64),
        Case(arguments: ["monitor", "--count", "0"], status: 64), Case(arguments: ["top"], status: 64),
        Case(arguments: ["run", "--", "true"], status: 0, takesJSON: false),
        Case(arguments: ["run", "--", "false"], status: 1, isSilent: true, takesJSON: false),
        Case(arguments: ["run", "--", "no-such-command"], status: 127, takesJSON: false),
        Case(arguments: ["run", "--", "./out.ndjson"], status: 126, takesJSON: false),
        Case(arguments: ["run", "--file", "nothing", "--", "true"], status: 64, takesJSON: false),
        Case(arguments: ["completions", "bash"], status: 0, takesJSON: false),
        Case(arguments: ["completions", "csh"], status: 64, takesJSON: false),
        Case(arguments: ["help"], status: 0, takesJSON: false),
        Case(arguments: ["nonsense"], status: 64, takesJSON: false),
    ]

    @Test func everyCommandSaysHowItWent() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        try fixture.memoctl("put", "f", "1", "2")
        for each in Self.cases {
            for arguments in each.takesJSON
                ? [each.arguments, each.arguments + ["--json"]] : [each.arguments]
            {
                let result = try fixture.memoctl(arguments, input: each.input)
                #expect(result.status == each.status, "\(arguments): \(result.output)\(result.errors)")
                // What the status says no answer repeats.
                if arguments.contains("--json") {
                    #expect(!result.output.contains("\"ok\":"), "\(arguments)")
                }
                guard result.status != 0 else { continue }
                // JSON is an answer, also where the answer is no.
                let isAnswer = arguments.contains("--json") && result.status == 2
                #expect(result.output.isEmpty || isAnswer, "\(arguments): \(result.output)")
                #expect(
                    each.isSilent ? result.errors.isEmpty : result.errors.hasPrefix("memoctl: "),
                    "\(arguments): \(result.errors)")
            }
        }
    }

    /// Without a daemon each command that needs one fails, in one line.
    @Test func withoutADaemonEveryCommandFails() throws {
        let fixture = try SystemFixture()
        // `start` makes one, and `doctor` answers that there is none.
        let needless: Set = ["run", "completions", "help", "nonsense", "top", "start", "doctor"]
        for each in Self.cases where each.status != 64 && !needless.contains(each.arguments[0]) {
            let result = try fixture.memoctl(each.arguments + ["--json"], input: each.input)
            #expect(result.status == 1 && result.output.isEmpty, "\(each.arguments): \(result.output)")
            #expect(
                result.errors.hasPrefix("memoctl: ") && result.errors.split(separator: "\n").count == 1,
                "\(each.arguments): \(result.errors)")
        }
    }
}
