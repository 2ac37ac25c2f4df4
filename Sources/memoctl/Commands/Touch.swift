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
    @Argument(help: FunctionArgument.help) var function: FunctionArgument
    @Argument(help: "The arguments of the call, as JSON.") var key: JSONArgument
    @Option(
        help: ArgumentHelp(
            "How long it is fresh from now on, such as 10m; or forever.", valueName: "duration"))
    var ttl: LifetimeArgument

    func validate() throws {
        _ = try key.json("KEY")
    }

    func run() throws {
        var wasThere = false
        try common.perform(.touch(function.name, key.json("KEY"), ttl: ttl.lifetime)) { touched in
            wasThere = touched
            return touched ? "touched" : "no such entry"
        }
        if !wasThere { throw ExitCode(2) }
    }
}
