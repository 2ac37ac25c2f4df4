internal import ArgumentParser
internal import Completion
internal import Glibc
internal import Logging
internal import MemoClient
internal import Platform

@main
struct MemodWeb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memod-web",
        abstract: "Shows memod's figures in a browser, and to Prometheus.",
        discussion: """
            Prints the address to open, with a token, and serves until it is ended. It changes nothing. /metrics is for \
            Prometheus, /api/stats, functions, history, advise, info and keys are JSON.

              memod-web
              memod-web --token-file ~/.config/memod/web.token --listen 127.0.0.1:9270
            """,
        version: "memod-web \(Version.text)")

    @Option(
        help: ArgumentHelp(
            "Talk to the daemon at this socket (where clients look).", valueName: "path"))
    var socket: PathArgument?
    @Option(
        help: ArgumentHelp(
            "Serve at this address of the loopback interface; port 0 is any.", valueName: "address"))
    var listen = ListenAddress(host: "127.0.0.1", port: 7270)
    @Option(
        help: ArgumentHelp(
            "Take the token from this file of mode 0600, which is made if it is missing (a new token each time).",
            valueName: "file"))
    var tokenFile: PathArgument?
    @Flag(help: "Ask for no token: every user of this machine may read then. Not for root or administrators.")
    var noToken = false
    @Option(
        help: ArgumentHelp(
            "Write a self-contained page to this new file instead, and end.", valueName: "file"))
    var save: PathArgument?
    @Option(
        help: ArgumentHelp(
            "End after so long without a request, such as 1h (never).", valueName: "duration"))
    var idleExit: IdleTime?

    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if let answer = Completion.answer(arguments, dump: _dumpHelp, values: { _, _, _ in [] }) {
            // A shell that went away needs no answer.
            _ = write(STDOUT_FILENO, answer, answer.count)
            return
        }
        do {
            try await parse(arguments).run()
        } catch {
            report(error)
        }
    }

    func validate() throws {
        if noToken, tokenFile != nil {
            throw ValidationError("--no-token and --token-file exclude each other.")
        }
    }

    func run() async throws {
        let daemon = DaemonFigures(Memo(path: socket?.path, timeout: .seconds(10)))
        do {
            if let save { return try await SavedPage(daemon).write(to: save.path) }
            let token = noToken ? nil : try tokenFile.map { try Token(file: $0.path) } ?? Token()
            if noToken { try await AdministratorCheck.refuseAdministrators(daemon) }
            try await WebServer(
                daemon: daemon, address: listen, token: token, idleExit: idleExit?.duration
            ).run()
        } catch let error as WebError {
            Self.fail(error.message, status: error.status)
        } catch let error as MemoError {
            Self.fail(error.message, status: 1)
        }
    }

    /// What the parser has to say: help and the version on standard output, complaints on standard error.
    private static func report(_ error: any Error) -> Never {
        let code = exitCode(for: error)
        let message = fullMessage(for: error)
        if code.isSuccess { print(message) } else { Diagnostics.say(usage: message) }
        Glibc.exit(code.rawValue)
    }

    private static func fail(_ message: String, status: Int32) -> Never {
        Diagnostics.say(message)
        Glibc.exit(status)
    }
}
