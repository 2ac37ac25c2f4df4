internal import ArgumentParser
internal import CLinux
internal import Completion
internal import Glibc
internal import MemoClient
internal import MemoWire
internal import Platform

/// The command line's root: a subcommand a file in `Commands`.
struct Memoctl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memoctl",
        abstract: "Look into the persistent memoization cache, and change it.",
        discussion: """
            KEY and VALUE are JSON: a string needs its double quotes, which a shell wants quoted once more.

              memoctl put greet '"Ada"' '"Hello, Ada"' --ttl 10m
              memoctl get greet '"Ada"'
              memoctl stats

            The daemon is looked for at $MEMOD_SOCKET, $XDG_RUNTIME_DIR/memod/memod.sock, \
            /run/memod/memod.sock and /tmp/memod-$UID/memod.sock; --socket PATH names another one, before \
            or behind the command.

            Exit status: 0 done; 1 failed, or no daemon; 2 nothing found, or not stored; 64 wrong usage.
            """,
        version: "memoctl \(Version.text)",
        subcommands: [
            Stats.self, Get.self, Put.self, Delete.self, Clear.self, Ping.self, Info.self, Functions.self,
            Keys.self, Define.self, Why.self, Touch.self, Report.self, Sync.self, Backup.self, Run.self,
            Monitor.self, Export.self, Import.self, Top.self, Doctor.self, Completions.self,
        ])

    /// Parses and runs; does not return where something failed.
    static func start(_ arguments: [String]) {
        memod_hold_standard_descriptors()
        do {
            if let answer = Completion.answer(
                arguments, dump: _dumpHelp, values: FunctionCompletion.values)
            {
                try Output.standard.write(answer)
                return
            }
            if let wrong = unreadableWord(arguments) {
                refuse("\"\(TextEscaping.printable(wrong))\" is not UTF-8, as names and values have to be")
            }
            if let settings = QuickArguments.runSettings(arguments, rawWords: { CommandWords.all }) {
                try CommandRunner(settings).run()
            }
            if let option = ArgumentOrder.optionWithoutValue(arguments) {
                refuse("a value is missing behind \(option)")
            }
            let arranged = ArgumentOrder.arranged(arguments)
            if let wrong = unknownCommand(arranged) ?? unknownHelpTopic(arranged) {
                let meant = NameSuggestion.nearest(to: wrong, among: names)
                let hint = meant.map { "did you mean \($0)?" } ?? "memoctl help lists all"
                refuse("there is no command \"\(TextEscaping.printable(wrong))\"; \(hint)")
            }
            var command = try parseAsRoot(arranged)
            try command.run()
        } catch let error as MemoError {
            fail(message(of: error))
        } catch let error as OutputError {
            fail(error.description)
        } catch {
            report(error)
        }
    }

    private static func refuse(_ message: String) -> Never {
        Terminal.standardError.writeLine("memoctl: " + message)
        Glibc.exit(ExitCode.validationFailure.rawValue)
    }

    /// What is not UTF-8 would be taken for something else. The words of a command that is run may be any bytes.
    private static func unreadableWord(_ arguments: [String]) -> String? {
        let isRun = ArgumentOrder.arranged(arguments).first == "run"
        let own = isRun ? arguments.prefix { $0 != "--" } : arguments[...]
        // Only what shows the mark of a replacement can have been anything else.
        let suspects = own.indices.filter { own[$0].unicodeScalars.contains("\u{FFFD}") }
        guard !suspects.isEmpty else { return nil }
        let words = Array(CommandWords.all.suffix(arguments.count))
        return suspects.first { String(validating: words[$0], as: UTF8.self) == nil }.map { own[$0] }
    }

    private static var names: [String] { configuration.subcommands.map { $0._commandName } }

    /// The parser calls it an unexpected argument, and does not know what may have been meant.
    private static func unknownCommand(_ arranged: [String]) -> String? {
        guard let name = arranged.first, !name.hasPrefix("-"), name != "help", !names.contains(name) else {
            return nil
        }
        return name
    }

    /// The parser gives help on everything where it does not know what help is asked for.
    private static func unknownHelpTopic(_ arguments: [String]) -> String? {
        guard arguments.first == "help", arguments.count > 1 else { return nil }
        let topic = arguments[1]
        if topic.hasPrefix("-") || topic == "help" { return nil }
        return names.contains(topic) ? nil : topic
    }

    /// What the parser has to say: help and versions on standard output, complaints on standard error.
    private static func report(_ error: any Error) -> Never {
        let code = exitCode(for: error)
        let message = fullMessage(for: error).filter { $0 != ArgumentOrder.numberMark }
        if code.isSuccess {
            try? Output.standard.writeLine(message)
        } else if !message.isEmpty {
            for line in message.split(separator: "\n") { Terminal.standardError.writeLine(String(line)) }
        }
        Glibc.exit(code.rawValue)
    }

    private static func fail(_ message: String) -> Never {
        LiveScreen.restore()
        Terminal.standardError.writeLine("memoctl: " + message)
        Glibc.exit(1)
    }

    /// One line that says what happened and what to do about it.
    private static func message(of error: MemoError) -> String {
        switch error.code {
        case .unreachable where error.isRefused:
            error.message + "; whoever runs memod can let you in: --allow-user, --allow-group"
        case .unreachable: error.message + "; start one with: memod"
        case .untrustedPeer: error.message + "; start your own with: memod"
        case .timedOut: error.message + "; the daemon may be busy: try again, or with a longer --timeout"
        case .forbidden: error.message + " (the daemon does not allow this to you)"
        // Found on this side: the code says nothing that the message does not.
        case .invalidArgument: error.message
        case .tooManyConnections: error.message + "; try again, or give memod a larger --max-connections"
        default: error.message + " (\(error.code))"
        }
    }
}
