internal import ArgumentParser
internal import MemoClient

struct Forget: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove a function: its entries, counters and settings.",
        usage: "memoctl forget [<options>] <fn>",
        discussion: """
            A name without a version means all its versions, and one with * or ? all that match, unless a function is \
            called so. The totals of stats keep what was counted. Exit status 2: there is none.

              memoctl forget compute_risk_score
              memoctl forget 'run:*'
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: FunctionArgument.help) var function: FunctionArgument
    @Flag(help: "Only the function that is called exactly so.") var exact = false

    func run() throws {
        let client = common.client()
        let names: Set<String>
        switch try FunctionChoice(function.name, isExact: exact, client) {
        case .one: names = [function.name]
        case .several(let rows): names = Set(rows.map(\.name))
        case .none: throw try FunctionChoice.notFound(function.name, client)
        }
        var (functions, entries): (Int64, Int64) = (0, 0)
        for name in names.sorted() {
            let forgotten = try client.perform(.forget(function: name))
            functions += forgotten.functions
            entries += forgotten.entries
        }
        if common.json {
            return try Output.standard.writeAnswer([
                ("forgotten", JSONText(functions)), ("cleared", JSONText(entries)),
            ])
        }
        try Output.standard.writeLine(
            "forgot \(HumanFormat.count(functions, "function", "functions")), "
                + HumanFormat.count(entries, "entry", "entries"))
    }
}
