internal import ArgumentParser
internal import MemoClient
internal import MemoWire

struct History: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what happened over time, as a chart.",
        usage: "memoctl history [<options>] [<fn>]",
        discussion: """
            Of all functions, or of one; a name without a version means all its versions. Minutes are kept for two days, hours for 90 days, days for three years. The last \
            column is still under way. --json prints what the protocol's history gives, --csv a line a step. Exit \
            status 2: there is no such function.

              memoctl history
              memoctl history compute_risk_score --since 7d
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: FunctionArgument.help) var function: FunctionArgument?
    @Option(help: ArgumentHelp("How far back, such as 2h or 30d.", valueName: "duration"))
    var since = DurationArgument(.seconds(86_400))
    @Option(help: ArgumentHelp("At most this many steps, up to 2000 (what fits; 120).", valueName: "n"))
    var points: CountArgument?
    @Flag(help: "Print comma-separated values, times in milliseconds since 1970.") var csv = false
    @Flag(help: "Only the function that is called exactly so.") var exact = false

    func validate() throws {
        if let points, points.count > WireLimits.historyPoints {
            throw ValidationError("--points must be from 1 to \(WireLimits.historyPoints).")
        }
        if since.duration < .milliseconds(1) { throw ValidationError("--since must be longer than nothing.") }
        if csv, common.json { throw ValidationError("--csv and --json exclude each other.") }
        if exact && function == nil { throw ValidationError("--exact is for FN.") }
    }

    func run() throws {
        let terminal = Terminal.standardOutput
        let fitting = csv || common.json ? nil : HistoryChart.steps(for: terminal)
        let history = try read(points: points?.count ?? fitting)
        if csv {
            try Output.standard.writeLine(Self.csv(history))
        } else if common.json {
            try Output.standard.writeText(history.reply.payload.description)
        } else {
            let chart = HistoryChart(history, for: terminal)
            try Output.standard.writeLine(
                chart.lines(title: function?.name ?? "all functions").joined(separator: "\n"))
        }
    }

    private func read(points: Int?) throws -> HistoryReply {
        let client = common.client()
        func history(_ name: String?) throws -> HistoryReply {
            try client.perform(.history(name, span: since.duration, points: points))
        }
        guard let function else { return try history(nil) }
        switch try FunctionChoice(function.name, isExact: exact, client) {
        case .one: return try history(function.name)
        case .several(let rows): return try HistoryGroup.sum(Set(rows.map(\.name)).sorted().map(history))
        case .none:
            // What was cleared is in no listing, and has a history.
            let found = try history(function.name)
            guard found.points.contains(where: { $0.hits > 0 || $0.misses > 0 || $0.entries > 0 }) else {
                throw try FunctionChoice.notFound(function.name, client)
            }
            return found
        }
    }

    private static func csv(_ history: HistoryReply) -> String {
        let rows = history.points.map { point in
            [
                point.at, point.hits, point.misses, point.savedMs, point.evictions, point.entries,
                point.hotBytes, point.coldBytes,
            ].map(String.init).joined(separator: ",")
        }
        return (["at,hits,misses,saved_ms,evictions,entries,hot_bytes,cold_bytes"] + rows).joined(
            separator: "\n")
    }
}
