internal import Glibc
internal import Platform

/// Lines on standard error.
enum Complaints {
    static func say(_ text: String) {
        write("memod-web: " + TextEscaping.printable(text) + "\n")
    }

    /// What the argument parser says of wrong usage, with what would be right.
    static func say(usage message: String) {
        var lines = message.split(separator: "\n").map { TextEscaping.printable($0) }
        let parserPrefix = "Error: "
        if let first = lines.first, first.hasPrefix(parserPrefix) {
            var said = first.dropFirst(parserPrefix.count)
            if said.hasSuffix(".") { said.removeLast() }
            lines[0] = "memod-web: " + said + (right(said).map { ": " + $0 } ?? "")
        }
        write(lines.joined(separator: "\n") + "\n")
    }

    private static func right(_ message: Substring) -> String? {
        guard message.hasPrefix("The value '") else { return nil }
        if message.hasSuffix("<duration>'") {
            return "a duration is a whole number and a unit, ms, s, m, h or d, such as 1h"
        }
        return message.hasSuffix("<address>'")
            ? "it is an address of the loopback interface and a port, such as 127.0.0.1:7270" : nil
    }

    private static func write(_ text: String) {
        _ = Glibc.write(STDERR_FILENO, text, text.utf8.count)
    }
}
