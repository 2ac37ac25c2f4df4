/// The settings, by their names on the command line (after `--`) and in the configuration file.
package enum SettingName: String, CaseIterable, Sendable {
    case socket
    case database
    case hotBytes = "hot-bytes"
    case coldBytes = "cold-bytes"
    case maxLine = "max-line"
    case maxConnections = "max-connections"
    case ioThreads = "io-threads"
    case durability
    case flushInterval = "flush-interval"
    case interning
    case isolation
    case shared
    case socketMode = "socket-mode"
    case allowUser = "allow-user"
    case allowGroup = "allow-group"
    case adminGroup = "admin-group"
    case idleExit = "idle-exit"
    case logLevel = "log-level"

    /// `MEMOD_HOT_BYTES` for `hot-bytes`.
    package var environmentName: String {
        "MEMOD_" + String(rawValue.map { $0 == "-" ? "_" : $0 }).uppercased()
    }

    /// Whether it may be given several times. In the environment its values are separated by commas.
    package var isList: Bool {
        switch self {
        case .shared, .allowUser, .allowGroup: true
        default: false
        }
    }

    /// Whether a running daemon takes on a new value (SIGHUP); the others wait for the next start.
    package var isReloadable: Bool {
        switch self {
        case .hotBytes, .coldBytes, .maxConnections, .allowUser, .allowGroup, .adminGroup, .idleExit,
            .logLevel:
            true
        default: false
        }
    }
}
