internal import ArgumentParser
internal import Glibc
internal import MemoClient

struct Top: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Watch the cache live on a full screen.",
        usage: "memoctl top [<options>]",
        discussion: """
            Keys: s sorts by another column, / filters by name, up and down select, c clears the selected function \
            after asking, p pauses, q ends. Versions of a function are one row.

              memoctl top --interval 500ms
            """)

    @OptionGroup var common: CommonOptions
    @Option(help: ArgumentHelp("Time between two looks, such as 500ms.", valueName: "duration"))
    var interval = DurationArgument(.seconds(1))

    @Flag(help: "A row for each version of a function.") var versions = false

    /// The bytes of one key follow each other faster than this.
    private static let escapeTime = Duration.milliseconds(50)

    func validate() throws {
        guard interval.duration >= .milliseconds(50) else {
            throw ValidationError("--interval is at least 50ms.")
        }
        if common.json { throw ValidationError("top is for the eye; memoctl stats --json is for scripts.") }
    }

    func run() throws {
        guard Terminal.standardOutput.isTerminal, isatty(STDIN_FILENO) == 1 else {
            throw UsageError("top needs a terminal; memoctl stats prints the same figures once")
        }
        var view = TopView(
            common.client(patience: CommonOptions.shortPatience), clearingBy: common.client(),
            isGrouped: !versions)
        try view.poll()
        let screen = LiveScreen(.standardOutput, readsKeys: true)
        defer { LiveScreen.restore() }
        var next = ContinuousClock.now + interval.duration
        while !view.isOver {
            try screen.draw(view.lines(for: .standardOutput))
            let patience = view.isInEscape ? Self.escapeTime : next - ContinuousClock.now
            if let key = LiveScreen.key(within: patience) {
                try view.press(key)
            } else if view.isInEscape {
                view.endEscape()
            }
            if ContinuousClock.now >= next {
                if !view.isPaused { try view.poll() }
                next = ContinuousClock.now + interval.duration
            }
        }
    }
}
