internal import ArgumentParser
internal import MemoClient

/// What every command takes.
struct CommonOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Talk to the daemon at this socket.", valueName: "path"), completion: .file())
    var socket: String?

    @Flag(help: "Print JSON, for scripts.")
    var json = false

    @Option(help: ArgumentHelp("How long a request may take, such as 5s.", valueName: "duration"))
    var timeout = DurationArgument(.seconds(30))

    func client() -> BlockingClient {
        BlockingClient(path: socket, timeout: timeout.duration)
    }

    /// Performs a call and prints what it answered: as JSON where that is asked for, else as `describe` says.
    func perform<Result>(_ call: Call<Result>, describe: (Result) throws -> String) throws {
        let reply = try client().reply(to: call)
        let result = try call.result(of: reply)
        if json {
            try Output.standard.writeLine(reply.payload.description)
        } else {
            let text = try describe(result)
            if !text.isEmpty { try Output.standard.writeLine(text) }
        }
    }
}
