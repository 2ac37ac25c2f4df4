/// Where a setting's value came from: later cases give way to earlier ones.
package enum SettingOrigin: Equatable, Sendable, CustomStringConvertible {
    case option(SettingName)
    case environment(String)
    case file(path: String, line: Int)
    /// A service manager made it.
    case inherited
    case builtIn

    package var description: String {
        switch self {
        case .option(let name): "option --\(name.rawValue)"
        case .environment(let name): "environment variable \(name)"
        case .file(let path, let line): "\(path), line \(line)"
        case .inherited: "passed by the service manager"
        case .builtIn: "default"
        }
    }

    /// The same for programs: which kind of place and its name, the line apart.
    var source: String {
        switch self {
        case .environment(let name): "environment \(name)"
        case .file(let path, _): "file \(path)"
        case .option, .inherited, .builtIn: description
        }
    }
}
