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
            KEY and VALUE are JSON: a string needs its double quotes, which a shell wants quoted once more. With \
            --string they are plain text.

              memoctl put greet '"Ada"' '"Hello, Ada"' --ttl 10m
              memoctl get greet --string --raw Ada
              memoctl stats

            The daemon is looked for at $MEMOD_SOCKET, $XDG_RUNTIME_DIR/memod/memod.sock, \
            /run/memod/memod.sock and /tmp/memod-$UID/memod.sock; --socket PATH names another one, before \
            or behind the command.

            Exit status: 0 done; 1 failed, or no daemon; 2 nothing found, or not stored; 64 wrong usage.
            """,
        version: "memoctl \(Version.text)",
        groupedSubcommands: [
            CommandGroup(
                name: "Results", subcommands: [Get.self, Put.self, Delete.self, Touch.self, Run.self]),
            CommandGroup(
                name: "Looking into the cache",
                subcommands: [
                    Stats.self, Top.self, History.self, Advise.self, Dashboard.self, Info.self,
                    Functions.self, Keys.self,
                    Why.self, Monitor.self,
                ]),
            CommandGroup(
                name: "Functions", subcommands: [Define.self, Clear.self, Forget.self, Report.self]),
            CommandGroup(
                name: "The daemon",
                subcommands: [
                    Start.self, Stop.self, Ping.self, Doctor.self, Sync.self, Backup.self, Export.self,
                    Import.self,
                    Remote.self, Completions.self,
                ]),
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
                refuse("\"\(TextEscaping.shown(wrong))\" is not UTF-8, as names and values have to be")
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
                refuse("there is no command \"\(TextEscaping.shown(wrong))\"; \(hint)")
            }
            var command = try parseAsRoot(arranged)
            do {
                try command.run()
            } catch {
                end(error, of: type(of: command))
            }
        } catch {
            end(error, of: Self.self)
        }
    }

    /// - Parameter command: whose usage is shown.
    private static func end(_ error: any Error, of command: any ParsableCommand.Type) -> Never {
        switch error {
        case let error as MemoError: fail(Advice.message(of: error))
        case let error as OutputError: fail(error.description)
        case let error as CommandFailure: fail(error.description)
        case let error as UsageError: refuse(error.message)
        case let error as NotFound: fail(error.message, status: 2)
        default: report(error, of: command)
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

    private static var names: [String] {
        (configuration.subcommands + configuration.groupedSubcommands.flatMap(\.subcommands)).map {
            $0._commandName
        }
    }

    /// The parser calls it an unexpected argument, and does not know what may have been meant.
    private static func unknownCommand(_ arranged: [String]) -> String? {
        guard let name = arranged.first, !name.hasPrefix("-"), name != "help", !names.contains(name) else {
            return nil
        }
        return name
    }

    /// The parser gives help on everything if it does not know what help is asked for.
    private static func unknownHelpTopic(_ arguments: [String]) -> String? {
        guard arguments.first == "help", arguments.count > 1 else { return nil }
        let topic = arguments[1]
        if topic.hasPrefix("-") || topic == "help" { return nil }
        return names.contains(topic) ? nil : topic
    }

    /// What the parser has to say: help and versions on standard output, complaints on standard error.
    private static func report(_ error: any Error, of command: any ParsableCommand.Type) -> Never {
        let code = exitCode(for: error)
        let message = command.fullMessage(for: error)
        if code.isSuccess {
            // The headings say what the commands are about.
            try? Output.standard.writeLine(message.replacing(" SUBCOMMANDS:\n", with: ":\n"))
        } else if !message.isEmpty {
            for line in UsageMessage.lines(message, CommandLine.arguments) {
                Terminal.standardError.writeLine(line)
            }
        }
        Glibc.exit(code.rawValue)
    }

    private static func fail(_ message: String, status: Int32 = 1) -> Never {
        LiveScreen.restore()
        Terminal.standardError.writeLine("memoctl: " + message)
        Glibc.exit(status)
    }
}
