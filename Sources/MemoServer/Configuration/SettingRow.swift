/// What there is to know of a setting. The command line, the environment, the configuration file, `--help`, the manual
/// and completion all take it from here.
package struct SettingRow: Sendable {
    /// What its value is.
    package enum Kind: Sendable, Equatable {
        case path
        /// In bytes.
        case size(ClosedRange<Int>)
        case number(ClosedRange<Int>)
        /// At most this many milliseconds. A duration of 0 needs no unit if it means never.
        case duration(atMost: Int64, zeroIsNever: Bool = false)
        case choice([String])
        case pattern
        case url
        case namespace
        case fileMode
        case user
        case group
    }

    package let kind: Kind
    /// Its value if it is given nowhere, as it would be written. `nil`: there is none, or it depends on other things.
    package let fallback: String?
    package let help: String
    /// Whether it may be given several times. In the environment its values are separated by commas.
    package var isList = false
    /// Whether a running daemon takes on a new value (SIGHUP); the others wait for the next start.
    package var isReloadable = false

    init(
        _ kind: Kind, _ fallback: String?, _ help: String, isList: Bool = false, isReloadable: Bool = false
    ) {
        self.kind = kind
        self.fallback = fallback
        self.help = help
        self.isList = isList
        self.isReloadable = isReloadable
    }
}

extension SettingRow.Kind {
    /// What stands for a value in help.
    package var placeholder: String {
        switch self {
        case .path: "path"
        case .size: "size"
        case .number: "n"
        case .duration: "duration"
        case .choice(let choices): choices.count > 3 ? "level" : choices.joined(separator: "|")
        case .pattern: "pattern"
        case .url: "url"
        case .namespace: "name"
        case .fileMode: "mode"
        case .user: "user"
        case .group: "group"
        }
    }

    /// What a value should be, as in "is not …".
    var expectation: String {
        switch self {
        case .path: "a path"
        case .size(let range):
            "a size from \(ByteSize(bytes: range.lowerBound)) to \(ByteSize(bytes: range.upperBound)), in bytes or"
                + " such as 64KiB, 256MiB, 4GiB"
        case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
        case .duration(_, zeroIsNever: true): "a duration such as 30s, 10m or 1h, or 0 for never"
        case .duration(let most, zeroIsNever: false):
            "a duration of at most \(TimeSpan(milliseconds: most)) such as 50ms, 2s or 10m"
        case .choice(let choices) where choices.count == 2: "\(choices[0]) or \(choices[1])"
        case .choice(let choices): "one of \(choices.joined(separator: ", "))"
        case .pattern: "a pattern of 1 to 512 bytes"
        case .url: "the URL of a server"
        case .namespace: "a name of 1 to 64 letters, digits, \".\", \"_\" and \"-\""
        case .fileMode: "a file mode such as 0600 or 0660"
        case .user: "a user of this system"
        case .group: "a group of this system"
        }
    }
}
