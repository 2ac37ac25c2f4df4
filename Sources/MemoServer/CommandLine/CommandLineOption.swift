/// An option of memod's command line: a setting, or one of the few that are none.
package enum CommandLineOption: Sendable, Equatable {
    case setting(SettingName)
    case config
    case check
    case version
    case help

    package static let all =
        SettingName.allCases.map(CommandLineOption.setting) + [.config, .check, .version, .help]

    /// With their dashes.
    package var spellings: [String] {
        switch self {
        case .setting(let name): ["--\(name.rawValue)"]
        case .config: ["--config"]
        case .check: ["--check"]
        case .version: ["--version"]
        case .help: ["-h", "--help"]
        }
    }

    /// What stands for its value in help; `nil`: it takes none.
    package var placeholder: String? {
        switch self {
        case .setting(let name): name.row.kind.placeholder
        case .config: "file"
        case .check, .version, .help: nil
        }
    }

    package var help: String {
        switch self {
        case .setting(let name):
            name.row.help + (isRepeating ? " May be repeated." : "")
        case .config:
            "Configuration file; also MEMOD_CONFIG; under systemd memod.conf of the configuration directory."
        case .check: "Read the configuration, say what is wrong with it, and exit."
        case .version: "Show the version."
        case .help: "Show help information."
        }
    }

    package var isRepeating: Bool {
        if case .setting(let name) = self { name.row.isList } else { false }
    }

    static func named(_ spelling: some StringProtocol) -> CommandLineOption? {
        all.first { $0.spellings.contains { $0 == spelling } }
    }
}
