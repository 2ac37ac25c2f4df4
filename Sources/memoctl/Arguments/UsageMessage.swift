/// What the argument parser has to say of wrong usage, as this program says everything.
enum UsageMessage {
    private static let parserPrefix = "Error: "

    /// - Parameter text: the parser's: the error, help on the argument, and the command's usage.
    static func lines(_ text: String) -> [String] {
        var lines = text.filter { $0 != ArgumentOrder.numberMark }.split(
            separator: "\n", omittingEmptySubsequences: true
        ).map(String.init)
        // For what is thrown while a command runs the parser does not say whose command it is.
        let (pointer, full) = ("  See '", "  See 'memoctl ")
        for index in lines.indices where lines[index].hasPrefix(pointer) && !lines[index].hasPrefix(full) {
            lines[index] = full + lines[index].dropFirst(pointer.count)
        }
        guard let first = lines.first, first.hasPrefix(parserPrefix) else { return lines }
        var message = first.dropFirst(parserPrefix.count)
        if message.hasSuffix(".") { message.removeLast() }
        lines[0] = "memoctl: " + message + (unit(message).map { ": " + $0 } ?? "")
        return lines
    }

    /// The parser names the value and the option, and cannot know what would have been right.
    private static func unit(_ message: Substring) -> String? {
        guard message.hasPrefix("The value '") else { return nil }
        if message.hasSuffix("<duration>'") {
            return "a duration is a whole number and a unit, ms, s, m, h or d, such as 10m"
        }
        if message.hasSuffix("<size>'") {
            return "a size is a number of bytes, or with KiB, MiB, GiB or TiB, such as 64MiB"
        }
        if message.hasSuffix("'--maxsize <n>'") { return "it is a whole number of entries, or none" }
        return message.hasSuffix("<n>'") ? "it is a whole number" : nil
    }
}
