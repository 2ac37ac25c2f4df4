internal import MemoClient

/// Reads the usual command lines of `run` without the general parser, which takes about as long as everything
/// else that a remembered command costs.
enum QuickArguments {
    /// - Parameters:
    ///   - arguments: without the program's name.
    ///   - rawWords: the same as bytes.
    /// - Returns: `nil` for whatever is not plainly right: the general parser then does it, or says what is wrong.
    static func runSettings(_ arguments: [String], rawWords: () -> [[UInt8]]) -> RunSettings? {
        guard arguments.first == "run" else { return nil }
        var settings = RunSettings()
        var index = 1
        func value() -> String? {
            index += 1
            guard index < arguments.count, !arguments[index].hasPrefix("-") else { return nil }
            return arguments[index]
        }
        while index < arguments.count {
            switch arguments[index] {
            case "--":
                guard index + 1 < arguments.count, !settings.filesAreOptional || !settings.files.isEmpty
                else {
                    return nil
                }
                settings.command = Array(rawWords().suffix(arguments.count - index - 1))
                return settings
            case "--any-cwd": settings.anyDirectory = true
            case "--stdin": settings.readsInput = true
            case "--keep-failures": settings.keepsFailures = true
            case "--refresh": settings.refresh = true
            case "--explain": settings.explain = true
            case "--auto-files": settings.takesArgumentFiles = true
            case "--file-optional": settings.filesAreOptional = true
            case "--socket":
                guard let path = value().flatMap(PathArgument.init) else { return nil }
                settings.socket = path.path
            case "--env":
                guard let name = value(), RunSettings.isVariableName(name) else { return nil }
                settings.environment.append(name)
            case "--file":
                guard let path = value().flatMap(PathArgument.init) else { return nil }
                settings.files.append(path.path)
            case "--key":
                guard let key = value() else { return nil }
                settings.key = key
            case "--tag":
                guard let tag = value().flatMap(TagArgument.init(argument:)) else { return nil }
                settings.tags.append(tag.name)
            case "--ttl":
                guard let ttl = value().flatMap(LifetimeArgument.init) else { return nil }
                settings.ttl = ttl.lifetime
            case "--timeout":
                guard let timeout = value().flatMap(DurationArgument.init) else { return nil }
                settings.timeout = timeout.duration
            case "--verify":
                guard let verify = value().flatMap({ Verification($0) }) else { return nil }
                settings.verify = verify
            case "--stale":
                guard let stale = value().flatMap(GraceArgument.init) else { return nil }
                settings.stale = stale.duration
            default: return nil
            }
            index += 1
        }
        return nil
    }
}
