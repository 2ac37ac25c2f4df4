/// The settings' values as texts, each from the strongest source that gives one: the command line, then the
/// environment, then the configuration file.
package struct Settings: Sendable {
    package struct Value: Equatable, Sendable {
        package var text: String
        package var origin: SettingOrigin
    }

    private var values: [SettingName: [Value]] = [:]
    /// What counts for nothing because another source gives the setting, and has to be right all the same: it would be
    /// found wrong the day that the other is taken away.
    private var overridden: [SettingName: [Value]] = [:]

    /// - Parameters:
    ///   - options: what the command line gave, by setting: of several values of one that is no list the last counts.
    ///   - environment: the process's environment; empty variables count as not set.
    ///   - file: the configuration file, if there is one.
    package init(options: [SettingName: [String]], environment: [String: String], file: ConfigurationFile?) {
        for name in SettingName.allCases {
            var given = (options[name] ?? []).map { Value(text: $0, origin: .option(name)) }
            if !name.isList, let last = given.popLast() {
                overridden[name] = given
                given = [last]
            }
            var weaker: [Value] = []
            if let text = environment[name.environmentName], !text.isEmpty {
                let texts = name.isList ? text.split(separator: ",").map(String.init) : [text]
                weaker = texts.map { Value(text: $0, origin: .environment(name.environmentName)) }
            }
            let written = (file?.entries[name] ?? []).map {
                Value(text: $0.value, origin: .file(path: file?.path ?? "", line: $0.line))
            }
            for values in [weaker, written] {
                if given.isEmpty { given = values } else { overridden[name, default: []] += values }
            }
            if !given.isEmpty { values[name] = given }
        }
    }

    /// The setting's values that count; empty if no source gives one.
    package subscript(name: SettingName) -> [Value] { values[name] ?? [] }

    /// What another source overrides.
    func overridden(_ name: SettingName) -> [Value] { overridden[name] ?? [] }

    /// The setting's value converted: what was given, or else what its row has.
    /// - Parameter convert: `nil` if the text is not a value of the setting.
    /// - Returns: `nil` if nothing was given and its row has nothing either.
    func ifAny<T>(_ name: SettingName, _ convert: (String) -> T?) throws(ConfigurationError) -> T? {
        for other in overridden(name) { _ = try converted(other, name, convert) }
        if let given = self[name].last { return try converted(given, name, convert) }
        guard let fallback = name.row.fallback else { return nil }
        guard let value = convert(fallback) else {
            preconditionFailure("\(name.rawValue) cannot be \(fallback)")
        }
        return value
    }

    /// As `ifAny`, of a setting whose row has a value.
    func value<T>(_ name: SettingName, _ convert: (String) -> T?) throws(ConfigurationError) -> T {
        guard let value = try ifAny(name, convert) else { preconditionFailure("\(name.rawValue) has no row") }
        return value
    }

    /// The values of a setting that is a list, converted.
    func list<T>(_ name: SettingName, _ convert: (String) -> T?) throws(ConfigurationError) -> [T] {
        for other in overridden(name) { _ = try converted(other, name, convert) }
        var list: [T] = []
        for given in self[name] { list.append(try converted(given, name, convert)) }
        return list
    }

    private func converted<T>(
        _ given: Value, _ name: SettingName, _ convert: (String) -> T?
    ) throws(ConfigurationError) -> T {
        guard let value = convert(given.text) else {
            throw ConfigurationError(
                name, given.text, "is not \(name.row.kind.expectation)", given.origin)
        }
        return value
    }

    // MARK: by kind

    func path(_ name: SettingName) throws(ConfigurationError) -> String? {
        try ifAny(name) { $0.isEmpty || $0.utf8.contains(0) ? nil : $0 }
    }

    /// In bytes.
    func size(_ name: SettingName) throws(ConfigurationError) -> Int {
        guard case .size(let range) = name.row.kind else { preconditionFailure() }
        return try value(name) { ByteSize($0).flatMap { range.contains($0.bytes) ? $0.bytes : nil } }
    }

    func number(_ name: SettingName) throws(ConfigurationError) -> Int {
        guard case .number(let range) = name.row.kind else { preconditionFailure() }
        return try value(name) { Int(digits: $0[...]).flatMap { range.contains($0) ? $0 : nil } }
    }

    /// In milliseconds.
    func duration(_ name: SettingName) throws(ConfigurationError) -> Int64 {
        guard case .duration(let most, let zeroIsNever) = name.row.kind else { preconditionFailure() }
        return try value(name) { text in
            if zeroIsNever, text == "0" { return 0 }
            return TimeSpan(text).flatMap { $0.milliseconds <= most ? $0.milliseconds : nil }
        }
    }
}
