internal import ArgumentParser
internal import CLinux
internal import Completion
internal import Glibc
internal import MemoServer
internal import Platform

/// The command line of the daemon.
@main
struct Memod: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memod",
        abstract:
            "The persistent memoization cache: a daemon that local programs talk to over a Unix socket.",
        discussion: """
            Every setting may also stand in the configuration file (as hot-bytes = 1GiB) and in the environment \
            (as MEMOD_HOT_BYTES=1GiB). An option wins over the environment, the environment over the file. \
            SIZE is a number of bytes, or such as 64KiB, 256MiB, 4GiB; DURATION such as 50ms, 2s, 10m, 1h, 7d.
            """,
        version: "memod \(Version.text)")

    @OptionGroup var settings: SettingOptions

    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if let answer = Completion.answer(arguments, dump: _dumpHelp, values: { _, _, _ in [] }) {
            // A shell that went away needs no answer.
            _ = write(STDOUT_FILENO, answer, answer.count)
            return
        }
        do {
            var command = try parseAsRoot(arguments)
            try command.run()
        } catch {
            report(error)
        }
    }

    /// What the parser has to say: help and versions on standard output, complaints on standard error, with the
    /// prefix that all of this program's have.
    private static func report(_ error: any Error) -> Never {
        let code = exitCode(for: error)
        var lines = fullMessage(for: error).split(separator: "\n", omittingEmptySubsequences: false).map(
            String.init)
        if !code.isSuccess {
            lines = lines.map { TextEscaping.printable($0) }
            if let first = lines.first, first.hasPrefix("Error: ") {
                lines[0] = "memod: " + first.dropFirst(7)
            }
        }
        let text = lines.joined(separator: "\n") + "\n"
        if text != "\n" { _ = write(code.isSuccess ? STDOUT_FILENO : STDERR_FILENO, text, text.utf8.count) }
        Glibc.exit(code.rawValue)
    }

    func run() throws {
        memod_hold_standard_descriptors()
        var server: Server
        let environment = Memod.environment
        do {
            if settings.check {
                _ = try settings.resolve(environment)
                return
            }
            server = try Server(environment: environment) { try settings.resolve(environment) }
        } catch let error as ConfigurationError {
            Listener.turnAway(environment: environment)
            throw ValidationError(error.description)
        }
        do {
            try server.run()
        } catch {
            let line = "memod: \(TextEscaping.printable("\(error)"))\n"
            _ = write(STDERR_FILENO, line, line.utf8.count)
            throw ExitCode(1)
        }
    }

    /// The process's environment; of a variable that occurs twice the first, as `getenv` has it.
    private static var environment: [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                let name = String(text[..<equals])
                if variables[name] == nil { variables[name] = String(text[text.index(after: equals)...]) }
            }
            next += 1
        }
        return variables
    }
}
