internal import ArgumentParser
internal import MemoClient

struct Clear: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove all entries of a function, of a tag, or all there are.",
        usage: "memoctl clear [<options>] (<fn> | --tag <tag> | --all)",
        discussion: """
            Clearing a function also zeroes its counters. Under isolation, --all clears one's own entries.

              memoctl clear compute_risk_score
              memoctl clear --tag greetings
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: FunctionArgument.help) var function: FunctionArgument?
    @Option(help: ArgumentHelp("Remove what was stored with this tag.", valueName: "tag"))
    var tag: TagArgument?
    @Flag(help: "Remove everything.") var all = false

    func validate() throws {
        let choices = [function != nil, tag != nil, all].count { $0 }
        guard choices == 1 else {
            throw ValidationError("Give exactly one of FN, --tag TAG and --all.")
        }
    }

    func run() throws {
        let call: Call<Int64> =
            if let function { .clear(function: function.name) } else if let tag { .clear(tag: tag.name) } else
            {
                .clearAll()
            }
        try common.perform(call) { "cleared \($0)" }
    }
}
