/// The settings' values as texts, each from the strongest source that gives one: the command line, then the
/// environment, then the configuration file.
package struct Settings: Sendable {
    package struct Value: Equatable, Sendable {
        package var text: String
        package var origin: SettingOrigin
    }

    private var values: [SettingName: [Value]] = [:]

    /// - Parameters:
    ///   - options: what the command line gave, by setting; a list that is empty was not given.
    ///   - environment: the process's environment; empty variables count as not set.
    ///   - file: the configuration file, if there is one.
    package init(options: [SettingName: [String]], environment: [String: String], file: ConfigurationFile?) {
        for name in SettingName.allCases {
            if let texts = options[name], !texts.isEmpty {
                values[name] = texts.map { Value(text: $0, origin: .option(name)) }
            } else if let text = environment[name.environmentName], !text.isEmpty {
                let texts = name.isList ? text.split(separator: ",").map(String.init) : [text]
                values[name] = texts.map { Value(text: $0, origin: .environment(name.environmentName)) }
            } else if let file, let entries = file.entries[name] {
                values[name] = entries.map {
                    Value(text: $0.value, origin: .file(path: file.path, line: $0.line))
                }
            }
        }
    }

    /// The setting's values; empty where no source gives one.
    package subscript(name: SettingName) -> [Value] { values[name] ?? [] }

    /// The setting's value converted, or `fallback` where no source gives one.
    /// - Parameters:
    ///   - convert: `nil` where the text is not a value of the setting.
    ///   - expected: what it should be, as in "is not …".
    func value<T>(
        _ name: SettingName, else fallback: T, expected: String, _ convert: (String) -> T?
    ) throws(ConfigurationError) -> T {
        guard let given = self[name].last else { return fallback }
        guard let value = convert(given.text) else {
            throw ConfigurationError(name, given.text, "is not \(expected)", given.origin)
        }
        return value
    }

    /// The values of a setting that is a list, converted.
    func list<T>(
        _ name: SettingName, expected: String, _ convert: (String) -> T?
    ) throws(ConfigurationError) -> [T] {
        var list: [T] = []
        for given in self[name] {
            guard let value = convert(given.text) else {
                throw ConfigurationError(name, given.text, "is not \(expected)", given.origin)
            }
            list.append(value)
        }
        return list
    }
}
