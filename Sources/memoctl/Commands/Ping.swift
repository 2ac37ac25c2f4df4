internal import ArgumentParser
internal import MemoClient

struct Ping: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask whether the daemon answers, and how fast.",
        discussion: """
            Exit status 0: it answers.

              memoctl ping && echo up
            """)

    @OptionGroup var common: CommonOptions

    func run() throws {
        let client = common.client(patience: CommonOptions.shortPatience)
        let hello = try client.perform(.hello())
        let start = ContinuousClock.now
        try client.perform(.ping())
        let elapsed = ContinuousClock.now - start
        let version = hello.string("version") ?? "?"
        let path = client.path ?? ""
        if common.json {
            let microseconds =
                elapsed.components.seconds * 1_000_000 + elapsed.components.attoseconds / 1_000_000_000_000
            try Output.standard.writeAnswer([
                ("server", JSONText(string: "memod")), ("version", JSONText(string: version)),
                ("socket", JSONText(string: path)), ("latency_us", JSONText(microseconds)),
            ])
        } else {
            let text = "memod \(version) at \(path) answered in \(HumanFormat.duration(elapsed))"
            try Output.standard.writeLine(Terminal.standardOutput.safe(text))
        }
    }
}
