internal import ArgumentParser
internal import MemoClient
internal import Platform

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a command once, and replay its output and exit status from then on.",
        discussion: """
            The command is known by its words, by the path and content of its executable, and by the directory; \
            --env, --file, --auto-files, --stdin and --key add to that. It is run again when one of these differs, \
            and its output streams while it runs. Files that it writes are not replayed. Without --stdin its \
            standard input is empty. Failures are remembered only with --keep-failures, interrupted runs and more \
            than 8 MiB of output never. Several at once run it once. Without a daemon it simply runs.

            Variables do not count unless --env names them, since most change no output. Those that commonly do: \
            LANG, LC_ALL and the other LC_*, TZ, PATH of what it starts itself, and HOME where settings are read.

            Its output and its errors are two pipes: where both go to one place, as with 2>&1, lines of the one may \
            come before earlier ones of the other, and are replayed so.

              memoctl run --ttl 1h -- curl -s https://example.org/rates.json
              memoctl run --file data.csv --env LANG --explain -- ./report data.csv
              memoctl stats run:curl

            With --verify 0.01, one hit in a hundred runs the command again. If its output or its status differs, it \
            depends on more than its key: a warning says so, and the new result replaces the old.

            The exit status is the command's; 127 where there is no such command, 126 where it cannot be started.
            """)

    @Option(help: ArgumentHelp("Talk to the daemon at this socket.", valueName: "path"))
    var socket: PathArgument?
    @Option(
        help: ArgumentHelp(
            "How long the daemon may take before the command simply runs (5s).", valueName: "duration"))
    var timeout: DurationArgument?
    @Flag(help: "Remember it for every directory.") var anyCwd = false
    @Option(
        help: ArgumentHelp("It depends on this variable; may be repeated.", valueName: "variable"),
        completion: .custom { _, _, _ in [] })
    var env: [String] = []
    @Option(
        help: ArgumentHelp(
            "It depends on this regular file's content; may be repeated.", valueName: "path"))
    var file: [PathArgument] = []
    @Flag(help: "A --file that is not there is something to depend on too, and no mistake.")
    var fileOptional = false
    @Flag(help: "It depends on the content of its arguments that are files.") var autoFiles = false
    @Flag(help: "It reads standard input, and depends on what that holds.") var stdin = false
    @Option(help: ArgumentHelp("It depends on this text.", valueName: "text")) var key: String?
    @Option(help: ArgumentHelp("How long it is remembered, such as 10m; or forever.", valueName: "duration"))
    var ttl: LifetimeArgument?
    @Option(
        help: ArgumentHelp(
            "How long after that it is still replayed, while it runs again in the background.",
            valueName: "duration"))
    var stale: GraceArgument?
    @Option(help: ArgumentHelp("A name to clear it by; may be repeated.", valueName: "tag")) var tag:
        [TagArgument] = []
    @Flag(help: "Remember a failure too.") var keepFailures = false
    @Flag(help: "Run it in any case, and remember that.") var refresh = false
    @Flag(help: "Say on standard error whether it was remembered, and why not.") var explain = false
    @Option(
        help: ArgumentHelp(
            "Run this share of the hits again, or each (first), and compare ($MEMOD_VERIFY).",
            valueName: "share"))
    var verify: VerificationArgument?
    @Option(help: .hidden) var lease: String?
    @Argument(
        parsing: .postTerminator, help: "The command and its arguments, behind --.", completion: .file())
    var command: [String] = []

    func validate() throws {
        guard !command.isEmpty else {
            throw ValidationError("Put the command behind --, as in: memoctl run --ttl 1h -- make test")
        }
        if fileOptional && file.isEmpty { throw ValidationError("--file-optional is for --file.") }
        if let wrong = env.first(where: { !RunSettings.isVariableName($0) }) {
            throw ValidationError(
                "--env takes the name of a variable, such as LANG, and not \"\(TextEscaping.shown(wrong))\". Its value is that of the "
                    + "environment, as in: LANG=C memoctl run --env LANG -- sort names.txt")
        }
    }

    var settings: RunSettings {
        var settings = RunSettings()
        settings.socket = socket?.path
        if let timeout { settings.timeout = timeout.duration }
        settings.anyDirectory = anyCwd
        settings.environment = env
        settings.files = file.map(\.path)
        settings.filesAreOptional = fileOptional
        settings.takesArgumentFiles = autoFiles
        settings.readsInput = stdin
        settings.key = key.map(ArgumentOrder.unmarked)
        settings.ttl = ttl?.lifetime
        settings.stale = stale?.duration
        settings.tags = tag.map(\.name)
        settings.keepsFailures = keepFailures
        settings.refresh = refresh
        settings.explain = explain
        settings.verify = verify?.verification
        settings.lease = lease
        settings.command = Array(CommandWords.all.suffix(command.count))
        return settings
    }

    func run() throws {
        try CommandRunner(settings).run()
    }
}
