/// Puts the arguments into an order that the parser takes without changing what they mean.
enum ArgumentOrder {
    /// Marks an argument that looks like an option and is a number; no argument can contain it by itself.
    static let numberMark: Character = "\0"

    private static let optionsWithValue: Set<String> = ["--socket", "--timeout"]

    /// Common options may stand before the command: they are moved behind it. Negative numbers among the
    /// arguments are marked, so that they are not taken for options; behind `--`, as in the command of
    /// `run`, everything stays as it is.
    static func arranged(_ arguments: [String]) -> [String] {
        guard let command = commandIndex(arguments) else { return arguments }
        var arranged = [arguments[command]]
        // Before a command that asks no daemon they mean nothing, and a shell's alias may have put them there.
        let early = Array(arguments[..<command])
        arranged += ["completions", "help"].contains(arguments[command]) ? withoutValues(early) : early
        let rest = arguments[(command + 1)...]
        let end = rest.firstIndex(of: "--") ?? rest.endIndex
        arranged += rest[..<end].map { isNegativeNumber($0) ? "\(numberMark)\($0)" : $0 }
        return arranged + rest[end...]
    }

    /// The common option that a command line ends with, where its value should stand and no command was given: to
    /// the parser, it is one that it does not know.
    static func optionWithoutValue(_ arguments: [String]) -> String? {
        guard let last = arguments.last, optionsWithValue.contains(last), commandIndex(arguments) == nil
        else {
            return nil
        }
        return last
    }

    /// The options without those of the connection.
    private static func withoutValues(_ options: [String]) -> [String] {
        var left: [String] = []
        var index = 0
        while index < options.count {
            if optionsWithValue.contains(options[index]) {
                index += 1
            } else if !optionsWithValue.contains(where: { options[index].hasPrefix($0 + "=") }) {
                left.append(options[index])
            }
            index += 1
        }
        return left
    }

    /// The argument as the user wrote it.
    static func unmarked(_ argument: String) -> String {
        argument.first == numberMark ? String(argument.dropFirst()) : argument
    }

    private static func commandIndex(_ arguments: [String]) -> Int? {
        var index = 0
        while index < arguments.count, arguments[index].hasPrefix("-") {
            if arguments[index] == "--" { return nil }
            index += optionsWithValue.contains(arguments[index]) ? 2 : 1
        }
        return index < arguments.count ? index : nil
    }

    private static func isNegativeNumber(_ argument: String) -> Bool {
        let bytes = argument.utf8
        guard bytes.first == UInt8(ascii: "-"), let digit = bytes.dropFirst().first else { return false }
        return (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit)
    }
}
