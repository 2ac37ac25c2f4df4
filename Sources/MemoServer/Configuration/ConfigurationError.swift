internal import Platform

/// A setting that cannot be used: a usage error, which names the setting, its value and where it came from.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }

    init(_ setting: SettingName, _ value: String, _ problem: String, _ origin: SettingOrigin) {
        description =
            "\(setting.rawValue): \"\(TextEscaping.shown(value, atMost: 200))\" \(problem) (\(origin))"
    }
}
