internal import ArgumentParser
internal import MemoClient

struct Remote: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print how results are shared with other machines.",
        discussion: """
            status: how the servers are reached, and what came of it. ping: only whether they answer, and how fast, as \
            measured within the last second. Exit status 0: they are reached. 1: they are not, or nothing is shared.

              memoctl remote status
              memoctl remote ping
            """)

    enum Question: String, ExpressibleByArgument, CaseIterable { case status, ping }

    @OptionGroup var common: CommonOptions
    @Argument(help: "status or ping.") var question = Question.status

    func run() throws {
        let remote = try RemoteTier(common)
        let output = Output.standard
        switch (question, common.json) {
        case (.status, true):
            let figures = remote.figures
            try output.writeAnswer(figures.names.compactMap { name in figures[name].map { (name, $0) } })
        case (.ping, true):
            try output.writeAnswer([("nodes", remote.figures["nodes"] ?? JSONText(joining: []))])
        case (.status, false): try write(remote.lines)
        case (.ping, false): try write(remote.nodeLines)
        }
        guard !remote.isUp else { return }
        guard question == .ping else { throw ExitCode(1) }
        throw CommandFailure(remote.fault)
    }

    private func write(_ lines: [String]) throws {
        for line in lines { try Output.standard.writeLine(Terminal.standardOutput.safe(line)) }
    }
}

/// What `stats` says of the tier on other machines.
private struct RemoteTier {
    let figures: Reply

    /// - Throws: if the daemon shares nothing.
    init(_ common: CommonOptions) throws {
        guard let figures = try common.client().perform(.stats()).object("remote") else {
            throw CommandFailure(
                "only administrators are told of other machines, and older daemons know of none")
        }
        guard figures.string("state") != "off" else {
            throw CommandFailure("nothing is shared with other machines; see memod --help for --remote-url")
        }
        self.figures = figures
    }

    var isUp: Bool { figures.string("state") == "up" }

    /// Why other machines are not asked.
    var fault: String {
        let reason = figures.string("reason").map { ": \($0)" } ?? ""
        return figures.string("state") == "down"
            ? "the servers are not reached\(reason)"
            : "the servers are reached, but not used before all that was cleared meanwhile is known here\(reason)"
    }

    var lines: [String] {
        func count(_ name: String) -> String { "\(figures.int(name) ?? 0)" }
        var lines = ["\(figures.string("state") ?? "?"), \(figures.string("mode") ?? "?")"]
        if let reason = figures.string("reason") { lines[0] += ": \(reason)" }
        lines += nodeLines
        lines.append(
            "\(count("hits")) hits, \(count("misses")) misses, \(count("skipped")) not asked, "
                + "\(count("timeouts")) too late, \(count("late_fills")) kept all the same, \(count("errors")) errors"
        )
        lines.append(
            "\(count("puts")) put, \(count("puts_queued")) waiting, \(count("puts_refused")) refused, "
                + "\(count("puts_dropped")) dropped, \(count("too_large")) too large")
        let pending = figures.int("pending_clears") ?? 0
        if pending > 0 {
            lines.append("\(HumanFormat.count(pending, "clear", "clears")) not known to the others yet")
        }
        return lines
    }

    var nodeLines: [String] {
        figures.objects("nodes").map { node in
            let latency = node.int("latency_us") ?? 0
            let time = latency > 0 ? ", \(HumanFormat.duration(.microseconds(latency)))" : ""
            return "\(node.string("address") ?? "?") \(node.string("state") ?? "?")\(time)"
        }
    }
}
