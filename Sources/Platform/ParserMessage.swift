/// What the argument parser says of wrong usage, as these programs say everything: behind the program's name, with what
/// would be right, and with what was typed escaped and short.
package enum ParserMessage {
    private static let parserPrefix = "Error: "

    /// - Parameters:
    ///   - text: the parser's: the error, help on the argument, and the command's usage.
    ///   - arguments: of the command line, which the text repeats.
    ///   - right: what a value should be, by what the parser calls it, such as `--ttl <duration>` or `<fn>`.
    package static func lines(
        _ text: String, of program: String, arguments: [String], right: (_ option: Substring) -> String?
    ) -> [String] {
        var text = text
        for typed in typed(arguments) { text = text.replacing(typed, with: TextEscaping.shown(typed)) }
        var lines = text.split(separator: "\n").map { TextEscaping.printable($0) }
        guard let first = lines.first, first.hasPrefix(parserPrefix) else { return lines }
        var message = first.dropFirst(parserPrefix.count)
        if message.hasSuffix(".") { message.removeLast() }
        let hint = message.hasPrefix("The value '") ? option(in: message).flatMap(right) : nil
        lines[0] = "\(program): \(message)" + (hint.map { ": " + $0 } ?? "")
        return lines
    }

    /// What the parser calls that which the value is for, at the end of the message.
    private static func option(in message: Substring) -> Substring? {
        guard message.hasSuffix("'") else { return nil }
        let parts = message.dropLast()
        return parts.lastIndex(of: "'").map { parts[parts.index(after: $0)...] }
    }

    /// The arguments and values that would not be shown as they are, longest first: one may contain another.
    private static func typed(_ arguments: [String]) -> [String] {
        let values = arguments.compactMap { argument -> String? in
            guard argument.hasPrefix("-"), let equals = argument.firstIndex(of: "=") else { return nil }
            return String(argument[argument.index(after: equals)...])
        }
        return (arguments + values).filter { TextEscaping.shown($0) != $0 }
            .sorted { $0.utf8.count > $1.utf8.count }
    }
}
