internal import Glibc
internal import Platform

/// Lines on standard error.
enum Diagnostics {
    static func say(_ text: String) {
        write("memod-web: " + TextEscaping.printable(text) + "\n")
    }

    /// What the argument parser says of wrong usage, with what would be right.
    static func say(usage message: String) {
        let lines = ParserMessage.lines(
            message, of: "memod-web", arguments: CommandLine.arguments, right: right)
        write(lines.joined(separator: "\n") + "\n")
    }

    private static func right(_ option: Substring) -> String? {
        switch option.drop(while: { $0 != "<" }) {
        case "<duration>": "a duration is a whole number and a unit, ms, s, m, h or d, such as 1h"
        case "<address>": "it is an address of the loopback interface and a port, such as 127.0.0.1:7270"
        case "<path>", "<file>": "a path has at least one character"
        default: nil
        }
    }

    private static func write(_ text: String) {
        _ = Glibc.write(STDERR_FILENO, text, text.utf8.count)
    }
}
