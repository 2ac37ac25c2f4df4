internal import ArgumentParser
internal import MemoClient
internal import MemoWire

struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Add hits that were served elsewhere to a function's counters.",
        usage: "memoctl report [<options>] <fn> <hits>",
        discussion: """
            For programs that keep results of their own in front of the daemon.

              memoctl report compute_risk_score 950 --saved 9500ms
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: FunctionArgument.help) var function: FunctionArgument
    @Argument(help: "How many hits.") var hits: Int64
    @Option(help: ArgumentHelp("The computing time that they saved, such as 9500ms.", valueName: "duration"))
    var saved: DurationArgument?

    func validate() throws {
        guard 0...WireLimits.integer ~= hits else {
            throw ValidationError("HITS must be a whole number from 0 to \(WireLimits.integer).")
        }
    }

    func run() throws {
        try common.perform(.report(function.name, hits: hits, saved: saved?.duration)) { "reported \(hits)" }
    }
}
