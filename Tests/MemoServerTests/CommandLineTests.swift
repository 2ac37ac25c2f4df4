import Testing

@testable import MemoServer

struct CommandLineTests {
    private let environment = ["HOME": "/nonexistent/me"]

    private func resolve(_ arguments: String...) throws -> ServerConfiguration {
        try CommandLineOptions(arguments).resolve(environment)
    }

    private func error(_ arguments: [String]) -> String? {
        do {
            _ = try CommandLineOptions(arguments).resolve(environment)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func aValueStandsBehindItsOptionOrIsJoinedToIt() throws {
        let configuration = try resolve(
            "--hot-bytes", "3MiB", "--socket=/a=b", "--allow-user", "5", "--allow-user=6", "--io-threads",
            "2",
            "--io-threads", "3", "--database", "-d")
        #expect(configuration.hotBytes == 3 << 20)
        #expect(configuration.socketPath == "/a=b")
        #expect(configuration.access.users == [5, 6])
        // The last one counts.
        #expect(configuration.ioThreads == 3)
        #expect(configuration.databasePath == "-d")
        #expect(configuration.origins[.hotBytes] == .option(.hotBytes))
    }

    @Test(arguments: [
        (["--hot-byte", "3"], "there is no option --hot-byte; did you mean --hot-bytes?"),
        (["--hot_bytes=3"], "there is no option --hot_bytes; did you mean --hot-bytes?"),
        (["-x"], "there is no option -x"), (["serve"], "\"serve\" is no option"),
        (["--"], "\"--\" is no option"),
        (["-"], "\"-\" is no option"), ([""], "\"\" is no option"),
        (["--hot-bytes"], "option --hot-bytes needs a value: --hot-bytes <size>"),
        (["--socket", "--check"], "option --socket needs a value"),
        (["--check=1"], "option --check takes no value"),
        (["--hot-bytes", "-1"], "hot-bytes: \"-1\" is not a size"),
        (["--hot-bytes="], "hot-bytes: \"\" is not a size"), (["--config", "/nowhere/x"], "/nowhere/x"),
        (["--config", ""], "config: \"\" is not a path"), (["--socket", ""], "socket: \"\" is not a path"),
        // The first problem is told.
        (["--one", "--two"], "--one"),
    ]) func whatIsWrongIsNamed(_ arguments: [String], _ message: String) {
        #expect(error(arguments)?.contains(message) == true, "\(error(arguments) ?? "none")")
    }

    @Test(arguments: [
        (["--help"], CommandLineOptions.Request.help), (["-h"], .help), (["--bogus", "--help"], .help),
        (["--version"], .version), (["--version", "--bogus"], .version), (["--version", "-h"], .help),
        (["--check"], .check), ([], .run), (["--shared=--help"], .run),
    ]) func whatIsAskedFor(_ arguments: [String], _ request: CommandLineOptions.Request) throws {
        #expect(try CommandLineOptions(arguments).request == request)
    }

    @Test func everyRowHolds() throws {
        for name in SettingName.allCases {
            let row = name.row
            #expect(row.help.hasSuffix("."))
            if let fallback = row.fallback {
                // As a value that is given it means the same.
                let given = try resolve("--\(name.rawValue)", fallback)
                #expect(given.text(of: name) == fallback)
                #expect(try resolve().text(of: name) == fallback)
            }
        }
    }

    @Test(arguments: [30, 80, 200]) func helpNamesEveryOptionWithinTheWidth(_ width: Int) {
        let lines = HelpText.text(width: width).split(separator: "\n")
        for option in CommandLineOption.all {
            for spelling in option.spellings {
                #expect(
                    lines.contains { $0.split(separator: " ").prefix(2).contains { $0.hasPrefix(spelling) } })
            }
        }
        // A word that is longer has a line of its own, and the explanations some room.
        #expect(lines.allSatisfy { $0.utf8.count <= max(width, 26 + 20) || !$0.dropFirst(26).contains(" ") })
    }
}
