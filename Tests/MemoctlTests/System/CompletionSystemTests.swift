import Foundation
import MemodFixture
import Testing

/// Completion in real shells on a terminal: what Tab and Enter make of a line that was begun.
///
/// Names are chosen to be code to a shell that evaluates them; none may be run, and what arrives is the name.
@Suite struct CompletionSystemTests {
    private static let names = [
        "plain", "run:make", "$(touch pwned)x", "`touch pwned`y", "o'brien", "two words", "new\nline",
        "naïve-日本", "v@1.2", "we\"ird", "semi;touch pwned", "back\\slash", "bang!x", "~tilde", "#hash", "a=b",
        "{x,y}", "&amp", "<lt", "esc\u{1B}[31mred", "q?q", "[br]", "c$HOME",
    ]

    /// What is typed before Tab, and the words that memoctl is given then.
    private static let lines: [(String, [String])] = [
        ("memoctl stat", ["stats"]), ("memoctl stats --sor", ["stats", "--sort"]),
        ("memoctl stats --sort=r", ["stats", "--sort=ratio"]), ("memoctl get pl", ["get", "plain"]),
        ("memoctl get run", ["get", "run:make"]), ("memoctl get run:m", ["get", "run:make"]),
        (#"memoctl get \$\("#, ["get", "$(touch pwned)x"]), ("memoctl get '$(", ["get", "$(touch pwned)x"]),
        (#"memoctl get \`"#, ["get", "`touch pwned`y"]), ("memoctl get o", ["get", "o'brien"]),
        (#"memoctl get "o'"#, ["get", "o'brien"]), ("memoctl get tw", ["get", "two words"]),
        (#"memoctl get two\ "#, ["get", "two words"]), ("memoctl get ne", ["get", "new\nline"]),
        ("memoctl get na", ["get", "naïve-日本"]), ("memoctl get v@1", ["get", "v@1.2"]),
        ("memoctl get we", ["get", "we\"ird"]), ("memoctl get sem", ["get", "semi;touch pwned"]),
        ("memoctl get bac", ["get", "back\\slash"]), ("memoctl get ban", ["get", "bang!x"]),
        (#"memoctl get \~"#, ["get", "~tilde"]), ("memoctl get \\#", ["get", "#hash"]),
        ("memoctl get a=", ["get", "a=b"]), (#"memoctl get \{"#, ["get", "{x,y}"]),
        (#"memoctl get \&"#, ["get", "&amp"]), (#"memoctl get \<"#, ["get", "<lt"]),
        ("memoctl get es", ["get", "esc\u{1B}[31mred"]), ("memoctl get q", ["get", "q?q"]),
        (#"memoctl get \["#, ["get", "[br]"]), (#"memoctl get "c"#, ["get", "c$HOME"]),
        ("memod --dura", ["--durability"]), ("memod --isolation us", ["--isolation", "user"]),
        ("memod-web --tok", ["--token-file"]), ("memod-web --save memod.d", ["--save", "memod.db"]),
        ("memoctl run --env LC_CO", ["run", "--env", "LC_COLLATE"]),
        ("memoctl import memod.d", ["import", "memod.db"]),
    ]

    /// Stands for both programs at the prompt; the scripts ask the real ones.
    private static let posixStandIn =
        #"memoctl() { printf '%s\0' "$@" >got.new; mv got.new got; }; memod() { memoctl "$@"; }; memod-web() { memoctl "$@"; }"#
    private static let fishStandIn =
        #"function memoctl; printf '%s\0' $argv >got.new; mv got.new got; end; function memod; memoctl $argv; end; function memod-web; memoctl $argv; end"#

    @Test(arguments: [
        [
            "/bin/bash", "--norc", "-i", "set +o history", posixStandIn,
            "source <(command memoctl completions bash)",
        ],
        [
            "/usr/bin/zsh", "-f", "-i", "autoload -U compinit; compinit -D", posixStandIn,
            "source <(command memoctl completions zsh)",
        ],
        [
            "/usr/bin/fish", "--no-config", "-i", fishStandIn, "command memoctl completions fish | source",
            ":",
        ],
    ]) func tabCompletesNamesAndRunsNothing(shell: [String]) throws {
        guard FileManager.default.isExecutableFile(atPath: shell[0]) else { return }
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        for name in Self.names { try fixture.memoctl("put", "--", name, "1", "1") }
        let programs = fixture.directory + "/bin"
        try FileManager.default.createDirectory(atPath: programs, withIntermediateDirectories: false)
        for program in ["memoctl", "memod", "memod-web"] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(programs)/\(program)",
                withDestinationPath: try SystemFixture.program(program))
        }
        // A shell for people wants a terminal of its own.
        let terminal = try PseudoTerminal(
            ["-c"] + shell[...2], program: "/usr/bin/setsid",
            environment: [
                "MEMOD_SOCKET": fixture.socket, "HOME": fixture.directory, "LC_ALL": "C.UTF-8",
                "PATH": "\(programs):/usr/bin:/bin",
            ], directory: fixture.directory)
        try terminal.start()
        let got = fixture.directory + "/got"
        /// The daemon has half a second to answer, which it can miss on a busy machine: then nothing is offered, and a
        /// quote that was begun stays open. So the line is given up and typed again.
        func words(after keys: String, toBe expected: [String]) throws -> [String]? {
            var words: [String]?
            for _ in 0..<12 {
                try? FileManager.default.removeItem(atPath: got)
                terminal.type(keys)
                let end = Date(timeIntervalSinceNow: 10)
                try fixture.wait {
                    terminal.drain() || FileManager.default.fileExists(atPath: got) || Date() > end
                }
                words = (try? String(contentsOfFile: got, encoding: .utf8)).map {
                    $0.split(separator: "\0", omittingEmptySubsequences: false).dropLast().map(String.init)
                }
                if words == expected { break }
                terminal.type("\u{3}")
            }
            return words
        }
        let ready = shell[3...].joined(separator: "\n") + "\nmemoctl ready\n"
        #expect(try words(after: ready, toBe: ["ready"]) == ["ready"])
        for (line, expected) in Self.lines {
            #expect(try words(after: line + "\t\r", toBe: expected) == expected, "\(shell[0]): \(line)")
        }
        #expect(!FileManager.default.fileExists(atPath: fixture.directory + "/pwned"))
        terminal.end(SIGKILL)
    }

    /// The argument parser has scripts of its own behind an option that every program has.
    @Test func noOtherScriptIsToBeHad() throws {
        let fixture = try SystemFixture()
        for shell in ["bash", "zsh", "fish"] {
            let script = try fixture.memoctl("completions", shell).output
            #expect(script.contains("---complete"))
            #expect(try fixture.memoctl("--generate-completion-script", shell).output == script)
            for program in ["memod", "memod-web"] {
                let process = Process()
                process.executableURL = URL(fileURLWithPath: try SystemFixture.program(program))
                process.arguments = ["--generate-completion-script=\(shell)"]
                #expect(try SystemFixture.run(process) == (0, script))
            }
        }
    }

    @Test func withoutADaemonNothingIsOfferedAndNothingSaid() throws {
        let fixture = try SystemFixture()
        let answer = try fixture.memoctl("---complete", "bash", "memoctl get ", " :")
        #expect(answer.status == 0 && answer.output == "words\0" && answer.errors == "")
    }
}
