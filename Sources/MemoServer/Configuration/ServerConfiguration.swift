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
    /// Ends after so long without a connection; 0: never.
    package var idleExitMs: Int64
    package var logLevel: Logger.Level
    /// Where each setting's value came from.
    package var origins: [SettingName: SettingOrigin]

    /// - Parameters:
    ///   - settings: what was given.
    ///   - environment: the process's environment, for the default paths.
    /// - Throws: at the first value that is not one of its setting.
    package init(_ settings: Settings, environment: [String: String]) throws(ConfigurationError) {
        let paths = DefaultPaths(environment: environment)
        let isPath = { (text: String) in text.isEmpty || text.utf8.contains(0) ? nil : text }
        socketPath = try settings.value(.socket, else: paths.socket, expected: "a path", isPath)
        guard let database = try settings.value(.database, else: paths.database, expected: "a path", isPath)
        else {
            throw ConfigurationError("database: there is no home directory to put it in; set --database")
        }
        databasePath = database

        hotBytes = try settings.size(.hotBytes, else: 256 << 20, in: 0...1 << 50)
        coldBytes = try settings.size(.coldBytes, else: 4 << 30, in: 0...1 << 50)
        maxLineBytes = try settings.size(.maxLine, else: 16 << 20, in: 1024...1 << 30)
        maxConnections = try settings.number(.maxConnections, else: 10_000, in: 1...1_000_000)
        ioThreads = try settings.number(.ioThreads, else: 1, in: 1...64)
        durability = try settings.value(
            .durability, else: .normal, expected: "normal or full", { Durability(rawValue: $0) })
        let flush = try settings.value(
            .flushInterval, else: TimeSpan(milliseconds: 100),
            expected: "a duration of at most an hour such as 50ms, 2s, 10m or 1h"
        ) { TimeSpan($0).flatMap { $0.milliseconds <= 3_600_000 ? $0 : nil } }
        flushIntervalMs = flush.milliseconds
        interning = try settings.value(.interning, else: true, expected: "on or off") {
            ["on": true, "off": false][$0]
        }
        isolation = try settings.value(
            .isolation, else: .none, expected: "none or user", { Isolation(rawValue: $0) })
        sharedPatterns = try settings.list(.shared, expected: "a pattern of 1 to 512 bytes") {
            (1...512).contains($0.utf8.count) ? $0 : nil
        }
        access = AccessRules(
            users: try settings.list(.allowUser, expected: "a user of this system", SystemAccounts.user),
            groups: try settings.list(.allowGroup, expected: "a group of this system", SystemAccounts.group),
            administrators: try settings.value(
                .adminGroup, else: nil, expected: "a group of this system", SystemAccounts.group))
        socketMode = try settings.value(
            .socketMode, else: access.defaultSocketMode, expected: "a file mode such as 0600 or 0660",
            Self.mode)
        let idle = try settings.value(
            .idleExit, else: TimeSpan(milliseconds: 0),
            expected: "a duration such as 30s, 10m or 1h, or 0 for never"
        ) { $0 == "0" ? TimeSpan(milliseconds: 0) : TimeSpan($0) }
        idleExitMs = idle.milliseconds
        logLevel = try settings.value(
            .logLevel, else: .info,
            expected: "one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))",
            { Logger.Level(rawValue: $0) })
        origins = Dictionary(
            uniqueKeysWithValues: SettingName.allCases.map { ($0, settings[$0].last?.origin ?? .builtIn) })
    }

    /// Three or four octal digits: permission bits alone.
    private static func mode(_ text: String) -> UInt32? {
        guard (3...4).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x37).contains($0) }),
            let mode = UInt32(text, radix: 8), mode <= 0o777
        else { return nil }
        return mode
    }
}

extension Settings {
    fileprivate func size(
        _ name: SettingName, else fallback: Int, in range: ClosedRange<Int>
    ) throws(ConfigurationError) -> Int {
        try value(
            name, else: fallback,
            expected:
                "a size from \(ByteSize(bytes: range.lowerBound)) to \(ByteSize(bytes: range.upperBound)),"
                + " in bytes or such as 64KiB, 256MiB, 4GiB"
        ) { ByteSize($0).flatMap { range.contains($0.bytes) ? $0.bytes : nil } }
    }

    fileprivate func number(
        _ name: SettingName, else fallback: Int, in range: ClosedRange<Int>
    ) throws(ConfigurationError) -> Int {
        try value(
            name, else: fallback, expected: "a number from \(range.lowerBound) to \(range.upperBound)"
        ) { Int(digits: $0[...]).flatMap { range.contains($0) ? $0 : nil } }
    }
}
