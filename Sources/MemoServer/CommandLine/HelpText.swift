/// What `memod --help` says. The manual is made from it (`tools/man`).
package enum HelpText {
    /// - Parameter width: of a line, in columns.
    package static func text(width: Int) -> String {
        var lines: [String] = []
        for (index, paragraph) in overview.enumerated() {
            lines += wrapped((index == 0 ? "OVERVIEW: " : "") + paragraph, width)
            lines.append("")
        }
        lines += ["USAGE: memod <options>", "", "OPTIONS:"]
        let indent = String(repeating: " ", count: column)
        for option in CommandLineOption.all {
            let name =
                "  " + option.spellings.joined(separator: ", ")
                + (option.placeholder.map { " <\($0)>" } ?? "")
            var explanation = wrapped(help(option), max(20, width - column))[...]
            // A name that is too long has a line of its own.
            if name.utf8.count < column {
                lines.append(name + indent.dropFirst(name.utf8.count) + explanation.removeFirst())
            } else {
                lines.append(name)
            }
            lines += explanation.map { indent + $0 }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static let column = 26

    private static var overview: [String] {
        let reloadable = SettingName.allCases.filter(\.isReloadable).map(\.rawValue)
        return [
            "The persistent memoization cache: a daemon that local programs talk to over a Unix socket.",
            """
            Every setting may also stand in the configuration file (as hot-bytes = 1GiB) and in the environment (as \
            MEMOD_HOT_BYTES=1GiB). An option wins over the environment, the environment over the file. SIZE is a \
            number of bytes, or such as 64KiB, 256MiB, 4GiB; DURATION such as 50ms, 2s, 10m, 1h, 7d.
            """,
            """
            SIGHUP reads the configuration again. It takes on \(reloadable.dropLast().joined(separator: ", ")) and \
            \(reloadable.last ?? ""); the others wait for the next start.
            """,
        ]
    }

    /// With the value that counts if none is given, and the choices that only a name does not show.
    private static func help(_ option: CommandLineOption) -> String {
        guard case .setting(let name) = option else { return option.help }
        var help = option.help
        if case .choice(let choices) = name.row.kind, choices.count > 3 {
            help = help.dropLast() + ": " + choices.joined(separator: ", ") + "."
        }
        guard let fallback = name.row.fallback else { return help }
        return help.dropLast() + " (\(fallback))."
    }

    /// Breaks between words.
    private static func wrapped(_ text: String, _ width: Int) -> [String] {
        var lines: [String] = [""]
        for word in text.split(separator: " ") {
            if let last = lines.last, !last.isEmpty {
                if last.utf8.count + 1 + word.utf8.count > width {
                    lines.append(String(word))
                } else {
                    lines[lines.count - 1] += " " + word
                }
            } else {
                lines[lines.count - 1] = String(word)
            }
        }
        return lines
    }
}
