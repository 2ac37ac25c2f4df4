internal import ArgumentParser
internal import Glibc
internal import MemoServer

/// The settings as options: texts, which `ServerConfiguration` checks whatever source they come from.
///
/// Numbers are taken whatever they look like: a negative one is refused as a value, and not taken for an option.
struct SettingOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Unix socket to listen on.", valueName: "path"), completion: .file())
    var socket: String?
    @Option(help: ArgumentHelp("SQLite file of the cold tier.", valueName: "path"), completion: .file())
    var database: String?
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Memory for the hot tier's entries, overhead counted (256MiB).", valueName: "size")
    )
    var hotBytes: String?
    @Option(
        parsing: .unconditional, help: ArgumentHelp("Disk space for the cold tier (4GiB).", valueName: "size")
    )
    var coldBytes: String?
    @Option(
        parsing: .unconditional, help: ArgumentHelp("Longest request line (16MiB).", valueName: "size"))
    var maxLine: String?
    @Option(
        parsing: .unconditional, help: ArgumentHelp("Most connections at a time (10000).", valueName: "n"))
    var maxConnections: String?
    @Option(
        parsing: .unconditional, help: ArgumentHelp("Number of event loops (1).", valueName: "n"))
    var ioThreads: String?
    @Option(
        help: ArgumentHelp(
            "normal: a commit survives the death of the process; full: also power loss (normal).",
            valueName: "normal|full"), completion: .list(["normal", "full"]))
    var durability: String?
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The commit of an acknowledged put begins at the latest after this (100ms).",
            valueName: "duration"))
    var flushInterval: String?
    @Option(
        help: ArgumentHelp("Whether equal values share one copy (on).", valueName: "on|off"),
        completion: .list(["on", "off"]))
    var interning: String?
    @Option(
        help: ArgumentHelp("user: entries belong to the user who wrote them (none).", valueName: "none|user"),
        completion: .list(["none", "user"]))
    var isolation: String?
    @Option(
        help: ArgumentHelp(
            "Functions that isolation does not concern. May be repeated.", valueName: "pattern"))
    var shared: [String] = []
    @Option(
        help: ArgumentHelp(
            "Permission bits of the socket (0600; wider where users or groups are allowed).",
            valueName: "mode"))
    var socketMode: String?
    @Option(help: ArgumentHelp("A user who may connect. May be repeated.", valueName: "user"))
    var allowUser: [String] = []
    @Option(help: ArgumentHelp("A group whose members may connect. May be repeated.", valueName: "group"))
    var allowGroup: [String] = []
    @Option(help: ArgumentHelp("The group whose members may connect and administer.", valueName: "group"))
    var adminGroup: String?
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Ends as SIGTERM ends it after so long without a connection; 0 is never (0).",
            valueName: "duration"))
    var idleExit: String?
    @Option(
        help: ArgumentHelp(
            "Least severe messages to log: trace, debug, info, notice, warning, error, critical (info).",
            valueName: "level"),
        completion: .list(["trace", "debug", "info", "notice", "warning", "error", "critical"]))
    var logLevel: String?
    @Option(
        help: ArgumentHelp(
            "Configuration file; also MEMOD_CONFIG; under systemd memod.conf of the configuration directory.",
            valueName: "file"), completion: .file())
    var config: String?

    @Flag(help: "Read the configuration, say what is wrong with it, and exit.")
    var check = false

    private var given: [SettingName: [String]] {
        let single: [SettingName: String?] = [
            .socket: socket, .database: database, .hotBytes: hotBytes, .coldBytes: coldBytes,
            .maxLine: maxLine, .maxConnections: maxConnections, .ioThreads: ioThreads,
            .durability: durability, .flushInterval: flushInterval, .interning: interning,
            .isolation: isolation, .socketMode: socketMode, .adminGroup: adminGroup, .idleExit: idleExit,
            .logLevel: logLevel,
        ]
        var given = single.compactMapValues { $0.map { [$0] } }
        given[.shared] = shared
        given[.allowUser] = allowUser
        given[.allowGroup] = allowGroup
        return given
    }

    /// The file that a service manager keeps for the daemon, if it is there.
    private static func managedFile(_ environment: [String: String]) -> String? {
        // A list where the unit names several directories.
        guard let directory = environment["CONFIGURATION_DIRECTORY"]?.split(separator: ":").first else {
            return nil
        }
        let path = "\(directory)/memod.conf"
        // One that is there and cannot be reached is an error to report, not one to pass over.
        return access(path, F_OK) == 0 || errno != ENOENT ? path : nil
    }

    /// The configuration that these options, the environment and the configuration file make. Reads the file.
    func resolve(_ environment: [String: String]) throws(ConfigurationError) -> ServerConfiguration {
        var file: ConfigurationFile?
        if let path = config ?? environment["MEMOD_CONFIG"] ?? Self.managedFile(environment), !path.isEmpty {
            file = try ConfigurationFile(path: path)
        }
        return try ServerConfiguration(
            Settings(options: given, environment: environment, file: file), environment: environment)
    }
}
