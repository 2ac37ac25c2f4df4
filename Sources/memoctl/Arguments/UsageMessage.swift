internal import MemoWire
internal import Platform

/// What the argument parser has to say of wrong usage, with what would be right, which it cannot know.
enum UsageMessage {
    /// - Parameter text: the parser's: the error, help on the argument, and the command's usage.
    static func lines(_ text: String, _ arguments: [String]) -> [String] {
        var lines = ParserMessage.lines(
            text.filter { $0 != ArgumentOrder.numberMark }, of: "memoctl", arguments: arguments, right: right)
        // For what is thrown while a command runs the parser does not say whose command it is.
        let (pointer, full) = ("  See '", "  See 'memoctl ")
        for index in lines.indices where lines[index].hasPrefix(pointer) && !lines[index].hasPrefix(full) {
            lines[index] = full + lines[index].dropFirst(pointer.count)
        }
        return lines
    }

    private static func right(_ option: Substring) -> String? {
        let duration = "a duration is a whole number and a unit, ms, s, m, h or d, such as 10m"
        switch option {
        case "--ttl <duration>": return duration + "; or it is forever"
        case "--stale <duration>": return duration + "; or it is none"
        case "--maxsize <n>":
            return "it is a whole number of entries, or none (at most \(WireLimits.integer))"
        case "<hits>": return "it is a whole number from 0 to \(WireLimits.integer)"
        default: break
        }
        guard let start = option.lastIndex(of: "<") else { return nil }
        switch option[start...] {
        case "<duration>": return duration
        case "<size>":
            return "a size is a number of bytes, or with KiB, MiB, GiB or TiB, such as 64MiB; or it is none"
        case "<n>": return "it is a whole number from 1 to \(CountArgument.most)"
        case "<fn>": return "a function's name has 1 to \(WireLimits.functionBytes) bytes"
        case "<tag>": return "a tag has 1 to \(WireLimits.tagBytes) bytes"
        case "<path>", "<file>": return "a path has at least one character"
        case "<share>": return "it is a share of the hits from 0 to 1, such as 0.01, or first"
        case "<on|off|read|default>": return "it is on, off, read or default"
        default: return nil
        }
    }
}
