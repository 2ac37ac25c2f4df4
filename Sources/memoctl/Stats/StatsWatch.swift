internal import Glibc
internal import MemoClient
internal import Platform

/// The daemon's figures again and again: in place on a terminal, else one below the other.
struct StatsWatch {
    private let client: BlockingClient
    private let isJSON: Bool
    private let order: FunctionOrder
    private let limit: Int?
    private let details: Bool
    private let isGrouped: Bool

    init(
        _ client: BlockingClient, _ common: CommonOptions, order: FunctionOrder, limit: Int?, details: Bool,
        isGrouped: Bool
    ) {
        self.client = client
        isJSON = common.json
        self.order = order
        self.limit = limit
        self.details = details
        self.isGrouped = isGrouped
    }

    /// Until the process is ended. A daemon that is away is said to be, and asked again.
    func run(every interval: Duration) throws -> Never {
        let terminal = Terminal.standardOutput
        var before = try StatsSnapshot.read(from: client, order: order, limit: nil, isGrouped: isGrouped)
        var taken = ContinuousClock.now
        let screen = terminal.isTerminal && !isJSON ? LiveScreen(terminal, readsKeys: false) : nil
        var isAway = false
        while true {
            do {
                let now = ContinuousClock.now
                let snapshot = try StatsSnapshot.read(
                    from: client, order: order, limit: nil, isGrouped: isGrouped)
                let rates = Rates(from: before, to: snapshot, seconds: (now - taken) / .seconds(1))
                try show(snapshot, rates, on: screen)
                (before, taken, isAway) = (snapshot, now, false)
            } catch let error as MemoError {
                // Once for each time that it goes away, where lines stay.
                if screen != nil || !isAway { try say(error, on: screen) }
                isAway = true
            }
            // Nothing else happens in this process meanwhile; a signal ends it.
            poll(nil, 0, Int32(clamping: Int64(interval / .milliseconds(1))))
        }
    }

    private func show(_ snapshot: StatsSnapshot, _ rates: Rates, on screen: LiveScreen?) throws {
        let terminal = Terminal.standardOutput
        let shown = StatsSnapshot(
            totals: snapshot.totals,
            functions: limit.map { Array(snapshot.functions.prefix($0)) } ?? snapshot.functions)
        if isJSON { return try Output.standard.writeText(shown.json) }
        let heading =
            "\(WallClock.time())  \(Rates.text(rates.callsPerSecond)), hit ratio "
            + HumanFormat.ratio(rates.hits, of: rates.calls) + " now, "
            + Rates.text(Double(rates.evictions) / rates.seconds) + " evicted"
        let lines =
            [terminal.styled(heading, .bold)] + StatsReport(shown, details: details).lines(for: terminal)
        if let screen {
            try screen.draw(lines)
        } else {
            try Output.standard.writeLine(lines.joined(separator: "\n") + "\n")
        }
    }

    private func say(_ error: MemoError, on screen: LiveScreen?) throws {
        let line = "\(WallClock.time())  \(TextEscaping.printable(error.message))"
        if let screen {
            try screen.draw(WordWrap.lines(line, width: max(20, Terminal.standardOutput.size.columns)))
        } else {
            Terminal.standardError.writeLine("memoctl: " + line)
        }
    }
}
