internal import Glibc
internal import MemoClient

/// The daemon's figures again and again: in place on a terminal, else one below the other.
struct StatsWatch {
    private let client: BlockingClient
    private let isJSON: Bool
    private let order: FunctionOrder
    private let limit: Int?
    private let details: Bool

    init(_ client: BlockingClient, _ common: CommonOptions, order: FunctionOrder, limit: Int?, details: Bool)
    {
        self.client = client
        isJSON = common.json
        self.order = order
        self.limit = limit
        self.details = details
    }

    /// Until the process is ended.
    func run(every interval: Duration) throws -> Never {
        let terminal = Terminal.standardOutput
        var before = try StatsSnapshot.read(from: client, order: order, limit: nil)
        var taken = ContinuousClock.now
        let screen = terminal.isTerminal && !isJSON ? LiveScreen(terminal, readsKeys: false) : nil
        while true {
            let now = ContinuousClock.now
            let snapshot = try StatsSnapshot.read(from: client, order: order, limit: nil)
            let rates = Rates(from: before, to: snapshot, seconds: (now - taken) / .seconds(1))
            let shown = StatsSnapshot(
                totals: snapshot.totals,
                functions: limit.map { Array(snapshot.functions.prefix($0)) } ?? snapshot.functions)
            if isJSON {
                try Output.standard.writeLine(shown.json)
            } else {
                let heading =
                    "\(WallClock.time())  \(Rates.text(rates.callsPerSecond)), hit ratio "
                    + HumanFormat.ratio(rates.hits, of: rates.calls) + " now, "
                    + Rates.text(Double(rates.evictions) / rates.seconds) + " evicted"
                let lines =
                    [terminal.styled(heading, .bold)]
                    + StatsReport(shown, details: details).lines(for: terminal)
                if let screen {
                    try screen.draw(lines)
                } else {
                    try Output.standard.writeLine(lines.joined(separator: "\n") + "\n")
                }
            }
            before = snapshot
            taken = now
            // Nothing else happens in this process meanwhile; a signal ends it.
            poll(nil, 0, Int32(clamping: Int64(interval / .milliseconds(1))))
        }
    }
}
