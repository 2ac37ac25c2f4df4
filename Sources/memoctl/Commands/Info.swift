internal import ArgumentParser
internal import MemoClient

struct Info: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the counters and the settings of a function.",
        discussion: """
            The first line is what cache_info() prints in Python.

              memoctl info compute_risk_score
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: FunctionArgument.help) var function: FunctionArgument

    func run() throws {
        try common.perform(.info(function.name)) { info in
            FunctionSummary(info).text
        }
    }
}
