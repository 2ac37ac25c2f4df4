internal import Logging

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
    case sharedBytes = "shared-bytes"
    case idleExit = "idle-exit"
    case remoteURL = "remote-url"
    case remote
    case remoteNamespace = "remote-namespace"
    case remoteFunctions = "remote-functions"
    case remoteMode = "remote-mode"
    case remoteBudget = "remote-budget"
    case remoteValueMax = "remote-value-max"
    case remoteQueue = "remote-queue"
    case remoteKeyFile = "remote-key-file"
    case remotePasswordFile = "remote-password-file"
    case remoteCAFile = "remote-ca-file"
    case remoteCertificateFile = "remote-certificate-file"
    case remoteCertificateKeyFile = "remote-certificate-key-file"
    case logLevel = "log-level"

    /// The table of settings. A new one is a name above, a row here, and its place in `ServerConfiguration`.
    package var row: SettingRow {
        switch self {
        case .socket: SettingRow(.path, nil, "Unix socket to listen on.")
        case .database: SettingRow(.path, nil, "SQLite file of the cold tier.")
        case .hotBytes:
            SettingRow(
                .size(0...1 << 50), "256MiB", "Memory for the hot tier's entries, overhead counted.",
                isReloadable: true)
        case .coldBytes:
            SettingRow(.size(0...1 << 50), "4GiB", "Disk space for the cold tier.", isReloadable: true)
        case .maxLine: SettingRow(.size(1 << 10...1 << 30), "64MiB", "Longest request line.")
        case .maxConnections:
            SettingRow(.number(1...1_000_000), "10000", "Most connections at a time.", isReloadable: true)
        case .ioThreads: SettingRow(.number(1...64), "1", "Number of event loops.")
        case .durability:
            SettingRow(
                .choice(["normal", "full"]), "normal",
                "normal: a commit survives the death of the process; full: also power loss.")
        case .flushInterval:
            SettingRow(
                .duration(atMost: 3_600_000), "100ms",
                "The commit of an acknowledged put begins at the latest after this.")
        case .interning: SettingRow(.choice(["on", "off"]), "on", "Whether equal values share one copy.")
        case .isolation:
            SettingRow(
                .choice(["none", "user"]), "none", "user: entries belong to the user who wrote them.")
        case .shared:
            SettingRow(.pattern, nil, "Functions that isolation does not concern.", isList: true)
        case .socketMode:
            SettingRow(
                .fileMode, nil, "Permission bits of the socket (0600; wider if users or groups are allowed).")
        case .allowUser:
            SettingRow(.user, nil, "A user who may connect.", isList: true, isReloadable: true)
        case .allowGroup:
            SettingRow(.group, nil, "A group whose members may connect.", isList: true, isReloadable: true)
        case .adminGroup:
            SettingRow(
                .group, nil, "The group whose members may connect and administer.", isReloadable: true)
        case .sharedBytes:
            SettingRow(
                .size(0...16 << 30), "32MiB",
                "Memory in which hits are published to clients of the same owner; 0 is off.")
        case .idleExit:
            SettingRow(
                .duration(atMost: .max, zeroIsNever: true), "0",
                "Ends as SIGTERM ends it after so long without a connection; 0 is never.",
                isReloadable: true)
        case .remoteURL:
            SettingRow(
                .url, nil,
                "Redis or Valkey that results are shared through: redis://HOST:PORT, rediss://, redis+unix://. Starts memod-remote."
            )
        case .remote:
            SettingRow(.path, nil, "Socket of a memod-remote that runs, in place of remote-url.")
        case .remoteNamespace:
            SettingRow(.namespace, "default", "Daemons of one namespace share their results.")
        case .remoteFunctions:
            SettingRow(.pattern, nil, "Functions that are shared with other machines.", isList: true)
        case .remoteMode:
            SettingRow(
                .choice(["read-write", "read-only", "write-only"]), "read-write",
                "Whether results come from other machines, go there, or both.")
        case .remoteBudget:
            SettingRow(.duration(atMost: 10_000), "25ms", "How long a request waits for other machines.")
        case .remoteValueMax:
            SettingRow(.size(1...64 << 20), "1MiB", "Larger values are not shared with other machines.")
        case .remoteQueue:
            SettingRow(
                .size(1 << 20...1 << 30), "64MiB",
                "Memory for results that wait to be sent to other machines.")
        case .remoteKeyFile:
            SettingRow(.path, nil, "Keys that shared results are sealed with, 64 hexadecimal digits a line.")
        case .remotePasswordFile:
            SettingRow(.path, nil, "The first line of it is the password for remote-url.")
        case .remoteCAFile:
            SettingRow(.path, nil, "Certificates that the server of remote-url is checked with, in PEM.")
        case .remoteCertificateFile: SettingRow(.path, nil, "memod's own certificate for remote-url, in PEM.")
        case .remoteCertificateKeyFile: SettingRow(.path, nil, "The private key of that, in PEM.")
        case .logLevel:
            SettingRow(
                .choice(Logger.Level.allCases.map(\.rawValue)), "info", "Least severe messages to log.",
                isReloadable: true)
        }
    }

    /// `MEMOD_HOT_BYTES` for `hot-bytes`.
    package var environmentName: String {
        "MEMOD_" + String(rawValue.map { $0 == "-" ? "_" : $0 }).uppercased()
    }

    package var isList: Bool { row.isList }
    package var isReloadable: Bool { row.isReloadable }
}
