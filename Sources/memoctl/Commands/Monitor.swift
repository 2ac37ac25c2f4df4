internal import ArgumentParser
internal import MemoClient
internal import Platform

struct Monitor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print events as they happen: what is stored, deleted and cleared.",
        usage: "memoctl monitor [<options>] [<fn> ...]",
        discussion: """
            Until it is interrupted, or --count events have come. "lost" says that events came faster than they \
            were read.

              memoctl monitor
              memoctl monitor compute_risk_score --json | jq .key
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: ArgumentHelp("Only these functions.", valueName: "fn")) var functions:
        [FunctionArgument] = []
    @Option(help: ArgumentHelp("Stop after this many events.", valueName: "n")) var count: CountArgument?

    func run() throws {
        let client = common.client()
        if functions.isEmpty { try client.subscribe() }
        for function in functions { try client.subscribe(function: function.name) }
        let terminal = Terminal.standardOutput
        if terminal.isTerminal {
            Terminal.standardError.writeLine("memoctl: waiting for events; Ctrl-C ends")
        }
        var seen = 0
        while seen < count?.count ?? .max {
            guard let event = try client.nextEvent(timeout: nil) else { continue }
            seen += 1
            if common.json {
                try Output.standard.writeText(String(decoding: event.reply.line, as: UTF8.self))
            } else {
                try Output.standard.writeLine(line(event, terminal))
            }
        }
    }

    private func line(_ event: Event, _ terminal: Terminal) -> String {
        let kind = event.kind.rawValue
        let style: Terminal.Style =
            switch event.kind {
            case .put: .green
            case .delete, .clear: .yellow
            case .lost: .red
            }
        var parts = [
            WallClock.time(), terminal.styled(kind, style) + String(repeating: " ", count: 6 - kind.count),
        ]
        if let function = event.function { parts.append(TextEscaping.printable(function)) }
        if let key = event.key { parts.append(TextEscaping.printable(key.description)) }
        if let client = event.client { parts.append("(by \(TextEscaping.printable(client)))") }
        return parts.joined(separator: "  ")
    }
}
