internal import ArgumentParser
internal import MemoClient

/// What every command takes.
struct CommonOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Talk to the daemon at this socket.", valueName: "path"))
    var socket: PathArgument?

    @Flag(help: "Print JSON, for scripts.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "How long a request may take, such as 5s (30s; ping, doctor and top 3s).", valueName: "duration"))
    var timeout: DurationArgument?

    static let patience = Duration.seconds(30)
    /// Of those who ask whether the daemon answers at all, or whose keys do nothing meanwhile.
    static let shortPatience = Duration.seconds(3)
    /// After this long without an answer, a person is told what is being waited for.
    private static let slowReply = Duration.seconds(2)

    /// - Parameter patience: how long a request may take where the command line does not say.
    /// - Parameter autostart: whether a daemon is started if none is: for what puts results.
    func client(patience: Duration = patience, autostart: Bool = false) -> BlockingClient {
        let client = BlockingClient(
            path: socket?.path, timeout: timeout?.duration ?? patience, autostart: autostart)
        let terminal = Terminal.standardError
        if terminal.isTerminal {
            client.slowReply = (
                Self.slowReply,
                { left in
                    guard !LiveScreen.isShown else { return }
                    terminal.writeLine(
                        "memoctl: the daemon does not answer yet; giving up in \(HumanFormat.duration(left))")
                }
            )
        }
        return client
    }

    /// Performs a call and prints what it answered: as JSON if that is asked for, else as `describe` says.
    /// - Returns: the result, since a program that reads JSON goes by the exit status too.
    @discardableResult
    func perform<Result>(_ call: Call<Result>, describe: (Result) throws -> String) throws -> Result {
        let reply = try client().reply(to: call)
        let result = try call.result(of: reply)
        if json {
            try Output.standard.writeText(reply.payload.description)
        } else {
            let text = try describe(result)
            if !text.isEmpty { try Output.standard.writeLine(text) }
        }
        return result
    }
}
