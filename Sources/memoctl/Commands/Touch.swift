internal import ArgumentParser
internal import MemoClient

struct Touch: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Begin an entry's life anew.",
        usage: "memoctl touch [<options>] <fn> <key> --ttl <duration>",
        discussion: """
            Exit status 2: there is no such entry.

              memoctl touch greet '"Ada"' --ttl 10m
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var text: TextOption
    @Argument(help: FunctionArgument.help) var function: FunctionArgument
    @Argument(help: "The arguments of the call, as JSON.") var key: JSONArgument
    @Option(
        help: ArgumentHelp(
            "How long it is fresh from now on, such as 10m; or forever.", valueName: "duration"))
    var ttl: LifetimeArgument

    func validate() throws {
        _ = try text.key(key)
    }

    func run() throws {
        let wasThere = try common.perform(.touch(function.name, text.key(key), ttl: ttl.lifetime)) {
            $0 ? "touched" : ""
        }
        guard wasThere else {
            Terminal.standardError.writeLine("memoctl: there is no such entry")
            throw ExitCode(2)
        }
    }
}
