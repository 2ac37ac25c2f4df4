internal import ArgumentParser
internal import MemoClient

struct Delete: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove one entry.",
        usage: "memoctl delete [<options>] <fn> <key>",
        discussion: """
            Prints how many there were: 0 or 1.

              memoctl delete compute_risk_score '[7,0.05]'
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var text: TextOption
    @Argument(help: FunctionArgument.help) var function: FunctionArgument
    @Argument(help: "The arguments of the call, as JSON.") var key: JSONArgument

    func validate() throws {
        _ = try text.key(key)
    }

    func run() throws {
        try common.perform(.delete(function.name, text.key(key))) { "deleted \($0)" }
    }
}
