internal import MemoWire
internal import Platform

/// Environment variables that look like memod's and mean nothing, as one that is misspelt.
enum UnknownVariables {
    /// What has a meaning beside the settings: to memod, to its clients, and to the tools that build it.
    private static let others = [
        "MEMOD_CONFIG", "MEMOD_AUTOSTART", "MEMOD_TIMEOUT", "MEMOD_VERIFY", "MEMOD_PICKLE_KEY", "MEMOD_BIN",
        "MEMOD_MANUAL", "MEMOD_MAINTAINER", "MEMOD_REGION",
    ]
    /// What tests and benchmarks set.
    private static let otherPrefixes = ["MEMOD_TEST_", "MEMOD_FAULT", "MEMOD_BENCH_"]

    /// - Returns: the names in order, each with the one that may have been meant.
    static func find(in environment: [String: String]) -> [(name: String, meant: String?)] {
        let settings = SettingName.allCases.map(\.environmentName)
        return environment.keys.sorted().compactMap { name in
            guard name.hasPrefix("MEMOD_"), !settings.contains(name), !others.contains(name),
                !otherPrefixes.contains(where: { name.hasPrefix($0) })
            else { return nil }
            return (name, NameSuggestion.nearest(to: name, among: settings + others))
        }
    }
}
