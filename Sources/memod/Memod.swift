internal import CLinux
internal import Completion
internal import Glibc
internal import MemoServer
internal import Platform

/// The daemon's executable: its options, its configuration, and then a `Server` until the end.
@main
enum Memod {
    /// Exit statuses as sysexits.h has them.
    private static let failure: Int32 = 1
    private static let usage: Int32 = 64

    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if let answer = Completion.answer(arguments, tree: { commandTree }) {
            // A shell that went away needs no answer.
            _ = write(STDOUT_FILENO, answer, answer.count)
            return
        }
        let environment = Environment.variables
        do throws(ConfigurationError) {
            let options = try CommandLineOptions(arguments)
            switch options.request {
            case .help: print(HelpText.text(width: columns(environment)), to: STDOUT_FILENO)
            case .version: print("memod \(Version.text)\n", to: STDOUT_FILENO)
            case .check: _ = try options.resolve(environment)
            case .run:
                memod_hold_standard_descriptors()
                serve(
                    try Server(environment: environment) { () throws(ConfigurationError) in
                        try options.resolve(environment)
                    })
            }
        } catch {
            Listener.turnAway(environment: environment)
            complain(error.description)
            print("memod --help lists all options.\n", to: STDERR_FILENO)
            exit(usage)
        }
    }

    private static func serve(_ server: consuming Server) {
        do {
            try server.run()
        } catch {
            complain("\(error)")
            exit(failure)
        }
    }

    private static func complain(_ message: String) {
        print("memod: \(TextEscaping.printable(message))\n", to: STDERR_FILENO)
    }

    private static func print(_ text: String, to descriptor: Int32) {
        var text = text
        // If no one reads it any more, there is no one to tell.
        text.withUTF8 { _ = write(descriptor, $0.baseAddress, $0.count) }
    }

    /// How wide help may be: as the terminal is.
    private static func columns(_ environment: [String: String]) -> Int {
        if let columns = environment["COLUMNS"].flatMap(Int.init), columns > 0 { return columns }
        var size = winsize()
        return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }

    private static var commandTree: CommandTree {
        CommandTree(
            name: "memod",
            options: CommandLineOption.all.map { option in
                CommandTree.Argument(
                    option: option.spellings.reversed(), valueName: option.placeholder, abstract: option.help,
                    isRepeating: option.isRepeating, values: values(of: option))
            })
    }

    private static func values(of option: CommandLineOption) -> CommandTree.Values {
        switch option {
        case .setting(let name):
            switch name.row.kind {
            case .path: .files
            case .choice(let choices): .list(choices)
            case .size, .number, .duration, .pattern, .url, .namespace, .fileMode, .user, .group: .none
            }
        case .config: .files
        case .check, .version, .help: .none
        }
    }
}
