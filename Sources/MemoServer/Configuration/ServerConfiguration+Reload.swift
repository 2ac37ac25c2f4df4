internal import Logging

extension ServerConfiguration {
    /// A setting that differs, and its new value as a text.
    struct Change: Equatable {
        var name: SettingName
        var value: String
    }

    /// The settings in which `other` differs from this configuration.
    func changes(to other: ServerConfiguration) -> [Change] {
        SettingName.allCases.compactMap {
            let value = other.text(of: $0)
            return value == text(of: $0) ? nil : Change(name: $0, value: value)
        }
    }

    /// Takes over the settings that a running daemon can change.
    mutating func adoptReloadable(from other: ServerConfiguration) {
        hotBytes = other.hotBytes
        coldBytes = other.coldBytes
        maxConnections = other.maxConnections
        access = other.access
        idleExitMs = other.idleExitMs
        logLevel = other.logLevel
        for name in SettingName.allCases where name.isReloadable { origins[name] = other.origins[name] }
    }

    /// The value of a setting, as it could be written down.
    package func text(of name: SettingName) -> String {
        switch name {
        case .socket: socketPath
        case .database: databasePath
        case .hotBytes: ByteSize(bytes: hotBytes).description
        case .coldBytes: ByteSize(bytes: coldBytes).description
        case .maxLine: ByteSize(bytes: maxLineBytes).description
        case .maxConnections: "\(maxConnections)"
        case .ioThreads: "\(ioThreads)"
        case .durability: durability.rawValue
        case .flushInterval: TimeSpan(milliseconds: flushIntervalMs).description
        case .interning: interning ? "on" : "off"
        case .isolation: isolation.rawValue
        case .shared: sharedPatterns.joined(separator: ",")
        case .socketMode: "0" + String(socketMode, radix: 8)
        case .allowUser: access.users.map(String.init).joined(separator: ",")
        case .allowGroup: access.groups.map(String.init).joined(separator: ",")
        case .adminGroup: access.administrators.map(String.init) ?? ""
        case .sharedBytes: ByteSize(bytes: sharedBytes).description
        case .idleExit: idleExitMs == 0 ? "0" : TimeSpan(milliseconds: idleExitMs).description
        case .logLevel: logLevel.rawValue
        case .remoteURL, .remote, .remoteNamespace, .remoteFunctions, .remoteMode, .remoteBudget,
            .remoteValueMax,
            .remoteQueue, .remoteKeyFile, .remotePasswordFile, .remoteCAFile, .remoteCertificateFile,
            .remoteCertificateKeyFile:
            remote.text(of: name)
        }
    }
}
