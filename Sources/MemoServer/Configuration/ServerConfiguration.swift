internal import Glibc
package import Logging

/// Everything that memod can be told, checked and with its defaults filled in.
package struct ServerConfiguration: Sendable {
    /// What a commit survives.
    package enum Durability: String, Sendable {
        /// The death of the process; power loss costs at most the newest commits.
        case normal
        /// Power loss.
        case full
    }

    /// Whom an entry belongs to.
    package enum Isolation: String, Sendable {
        /// To everyone who may connect.
        case none
        /// To the user who wrote it.
        case user
    }

    package var socketPath: String
    package var databasePath: String
    /// Budget of the hot tier in bytes, overhead counted.
    package var hotBytes: Int
    /// Budget of the cold tier in bytes.
    package var coldBytes: Int
    /// The longest request line in bytes.
    package var maxLineBytes: Int
    package var maxConnections: Int
    /// The number of event loops.
    package var ioThreads: Int
    package var durability: Durability
    /// The commit of an acknowledged put begins at the latest after this many milliseconds.
    package var flushIntervalMs: Int64
    package var interning: Bool
    package var isolation: Isolation
    /// Patterns of the functions that isolation does not concern.
    package var sharedPatterns: [String]
    package var access: AccessRules
    /// Permission bits of the socket.
    package var socketMode: UInt32
    /// Memory in which hits are published to clients of the same owner; 0: none are.
    package var sharedBytes: Int
    /// Ends after so long without a connection; 0: never.
    package var idleExitMs: Int64
    /// The tier on other machines.
    package var remote: RemoteSettings
    package var logLevel: Logger.Level
    /// Where each setting's value came from.
    package var origins: [SettingName: SettingOrigin]

    /// - Parameters:
    ///   - settings: what was given.
    ///   - environment: the process's environment, for the default paths.
    /// - Throws: at the first value that is not one of its setting.
    package init(_ settings: Settings, environment: [String: String]) throws(ConfigurationError) {
        let paths = DefaultPaths(environment: environment)
        socketPath = try settings.path(.socket) ?? paths.socket
        guard let database = try settings.path(.database) ?? paths.database else {
            throw ConfigurationError("database: there is no home directory to put it in; set --database")
        }
        databasePath = database
        hotBytes = try settings.size(.hotBytes)
        coldBytes = try settings.size(.coldBytes)
        maxLineBytes = try settings.size(.maxLine)
        maxConnections = try settings.number(.maxConnections)
        ioThreads = try settings.number(.ioThreads)
        durability = try settings.value(.durability) { Durability(rawValue: $0) }
        flushIntervalMs = try settings.duration(.flushInterval)
        interning = try settings.value(.interning) { ["on": true, "off": false][$0] }
        isolation = try settings.value(.isolation) { Isolation(rawValue: $0) }
        sharedPatterns = try settings.list(.shared) { (1...512).contains($0.utf8.count) ? $0 : nil }
        access = AccessRules(
            users: try settings.list(.allowUser, SystemAccounts.user),
            groups: try settings.list(.allowGroup, SystemAccounts.group),
            administrators: try settings.ifAny(.adminGroup, SystemAccounts.group))
        socketMode = try settings.ifAny(.socketMode, Self.mode) ?? access.defaultSocketMode
        sharedBytes = try settings.size(.sharedBytes)
        idleExitMs = try settings.duration(.idleExit)
        remote = try RemoteSettings(settings)
        logLevel = try settings.value(.logLevel) { Logger.Level(rawValue: $0) }
        origins = Dictionary(
            uniqueKeysWithValues: SettingName.allCases.map { ($0, settings[$0].last?.origin ?? .builtIn) })
    }

    /// Three or four octal digits: only permission bits.
    private static func mode(_ text: String) -> UInt32? {
        guard (3...4).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x37).contains($0) }),
            let mode = UInt32(text, radix: 8), mode <= 0o777
        else { return nil }
        return mode
    }
}
