internal import Glibc
internal import Platform

/// What memod's command line says: settings as texts, which `ServerConfiguration` checks whatever they come from.
package struct CommandLineOptions: Sendable {
    package enum Request: Sendable, Equatable {
        case run
        /// Only reads the configuration.
        case check
        case help
        case version
    }

    package private(set) var request = Request.run
    private var settings: [SettingName: [String]] = [:]
    private var config: String?

    /// Help and version are given whatever else the line says.
    /// - Parameter arguments: without the program's name. The last of several values counts, except for a list.
    /// - Throws: at the first word that is no option, or an option without its value.
    package init(_ arguments: [String]) throws(ConfigurationError) {
        var problem: ConfigurationError?
        var words = arguments[...]
        while let word = words.popFirst() {
            do throws(ConfigurationError) {
                try take(word, &words)
            } catch {
                problem = problem ?? error
            }
            if case .help = request { return }
        }
        if let problem, request != .version { throw problem }
    }

    private mutating func take(_ word: String, _ words: inout ArraySlice<String>) throws(ConfigurationError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard word.hasPrefix("-"), word != "-", word != "--" else {
            throw ConfigurationError(
                "\"\(TextEscaping.shown(word))\" is no option; settings are given as in --hot-bytes=1GiB")
        }
        guard let option = CommandLineOption.named(parts[0]) else {
            let names = CommandLineOption.all.flatMap(\.spellings).filter { $0.hasPrefix("--") }
            let meant = NameSuggestion.nearest(to: String(parts[0]), among: names)
            throw ConfigurationError(
                "there is no option \(TextEscaping.shown(parts[0]))"
                    + (meant.map { "; did you mean \($0)?" } ?? ""))
        }
        guard let placeholder = option.placeholder else {
            if parts.count == 2 { throw ConfigurationError("option \(parts[0]) takes no value") }
            switch option {
            case .check: if request == .run { request = .check }
            case .version: request = .version
            default: request = .help
            }
            return
        }
        let value: String
        if parts.count == 2 {
            value = String(parts[1])
        } else if let next = words.first, !isOption(next) {
            value = words.removeFirst()
        } else {
            throw ConfigurationError("option \(parts[0]) needs a value: \(parts[0]) <\(placeholder)>")
        }
        switch option {
        case .setting(let name): settings[name, default: []].append(value)
        default:
            guard !value.isEmpty else {
                throw ConfigurationError("config: \"\" is not a path (option --config)")
            }
            config = value
        }
    }

    /// No value of a setting begins with two dashes; with one there are wrong numbers, to be refused as such.
    private func isOption(_ word: String) -> Bool { word.hasPrefix("--") || word == "-h" }

    /// The configuration that these options, the environment and the configuration file make. Reads the file.
    package func resolve(_ environment: [String: String]) throws(ConfigurationError) -> ServerConfiguration {
        var file: ConfigurationFile?
        if let path = config ?? environment["MEMOD_CONFIG"] ?? Self.managedFile(environment), !path.isEmpty {
            file = try ConfigurationFile(path: path)
        }
        return try ServerConfiguration(
            Settings(options: settings, environment: environment, file: file), environment: environment)
    }

    /// The file that a service manager keeps for the daemon, if it is there.
    private static func managedFile(_ environment: [String: String]) -> String? {
        // A list if the unit names several directories.
        guard let directory = environment["CONFIGURATION_DIRECTORY"]?.split(separator: ":").first else {
            return nil
        }
        let path = "\(directory)/memod.conf"
        // One that is there and cannot be reached is an error to report, not one to pass over.
        return access(path, F_OK) == 0 || errno != ENOENT ? path : nil
    }
}
