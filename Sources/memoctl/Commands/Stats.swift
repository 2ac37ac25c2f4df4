internal import ArgumentParser
internal import MemoClient
internal import OpenMetrics

struct Stats: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the totals of both tiers and a row a function, or all about one function.",
        usage: "memoctl stats [<options>] [<fn>]",
        discussion: """
            Busiest first, the versions of a function (what follows the last @ of its name) in one row. With FN, the first line is what cache_info() prints in Python. --json prints what the \
            protocol's stats gives, with the rows as "functions" and their number as "function_count".

              memoctl stats
              memoctl stats compute_risk_score
              memoctl stats --prometheus
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: FunctionArgument.help) var function: FunctionArgument?
    @Option(
        help: "Order of the rows: \(FunctionOrder.allCases.map(\.rawValue).joined(separator: ", ")) (calls).")
    var sort: FunctionOrder?
    @Option(help: ArgumentHelp("At most this many rows.", valueName: "n")) var limit: CountArgument?
    @Flag(help: "A row for each version of a function.") var versions = false
    @Flag(help: "With FN, only the function that is called exactly so.") var exact = false
    @Flag(help: "With FN, what differed when hits were computed again: the last ones, newest first.")
    var mismatches = false
    @Flag(help: "Print also latencies, sharing and the structures beside the tiers.") var details = false
    @Flag(help: "Print OpenMetrics text.") var prometheus = false
    @Flag(help: "Print again and again, in place on a terminal, with what happens a second.") var watch =
        false
    @Option(
        help: ArgumentHelp("Time between two looks with --watch, such as 500ms (2s).", valueName: "duration"))
    var interval: DurationArgument?

    func validate() throws {
        if prometheus && (common.json || function != nil) {
            throw ValidationError("--prometheus is for all functions, and is not JSON.")
        }
        if watch && (prometheus || function != nil) {
            throw ValidationError("--watch is for all functions, as a table or as JSON.")
        }
        if let interval, interval.duration < .milliseconds(50) {
            throw ValidationError("--interval is at least 50ms.")
        }
        if interval != nil && !watch { throw ValidationError("--interval is for --watch.") }
        if function != nil && (sort != nil || limit != nil || details || versions) {
            throw ValidationError("--sort, --limit, --details and --versions are for all functions.")
        }
        if mismatches && function == nil { throw ValidationError("--mismatches is for FN.") }
        if exact && function == nil { throw ValidationError("--exact is for FN.") }
        if details && (common.json || prometheus) {
            throw ValidationError("--details is for the table: JSON has everything, --prometheus its own.")
        }
    }

    func run() throws {
        if let function {
            if mismatches { return try MismatchListing(function.name, isExact: exact, common).show() }
            return try Info.show(function.name, isExact: exact, common)
        }
        let client = common.client()
        let order = sort ?? .calls
        if watch {
            try StatsWatch(
                client, common, order: order, limit: limit?.count, details: details,
                isGrouped: !versions && !common.json
            ).run(
                every: interval?.duration ?? .seconds(2))
        }
        // What programs read has each version.
        let isGrouped = !versions && !common.json && !prometheus
        let snapshot = try StatsSnapshot.read(
            from: client, order: order, limit: limit?.count, isGrouped: isGrouped)
        if prometheus {
            for line in MetricsText.of(
                Snapshot(totals: snapshot.totals, functions: snapshot.functions)
            ).split(separator: "\n") {
                try Output.standard.writeText(String(line))
            }
        } else if common.json {
            try Output.standard.writeText(snapshot.json)
        } else {
            let terminal = Terminal.standardOutput
            try Output.standard.writeLine(
                StatsReport(snapshot, details: details).lines(for: terminal).joined(separator: "\n"))
        }
    }
}
