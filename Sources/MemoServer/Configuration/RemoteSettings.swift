internal import Glibc
package import MemoStore
internal import Platform
internal import RemoteLink

/// How the tier on other machines is reached, and what is shared in it.
package struct RemoteSettings: Sendable {
    package enum Helper: Sendable, Equatable {
        /// memod starts it, with these arguments.
        case started(url: String, arguments: [String])
        /// One that runs listens here.
        case running(socket: String)
    }

    /// `nil`: nothing is shared.
    package var helper: Helper?
    package var namespace: String
    /// Patterns of the functions that are shared; `define` says otherwise for one.
    package var functions: [String]
    package var mode: RemoteConfiguration.Mode
    package var budgetMs: Int64
    package var valueMax: Int
    package var queueBytes: Int
    /// What was said of files, by setting.
    private let files: HelperFiles

    /// - Throws: for settings that do not go together, too.
    init(_ settings: Settings) throws(ConfigurationError) {
        let socket = try settings.path(.remote)
        namespace = try settings.value(.remoteNamespace) { RemoteNamespace.isValid($0) ? $0 : nil }
        functions = try settings.list(.remoteFunctions) { (1...512).contains($0.utf8.count) ? $0 : nil }
        mode = try settings.value(.remoteMode) { RemoteConfiguration.Mode(rawValue: $0) }
        budgetMs = try settings.duration(.remoteBudget)
        valueMax = try settings.size(.remoteValueMax)
        queueBytes = try settings.size(.remoteQueue)
        var paths: [HelperFiles.Name: String] = [:]
        for (setting, name) in Self.fileSettings { paths[name] = try settings.path(setting) }
        files = HelperFiles(paths)
        for other in settings.overridden(.remoteURL) { _ = try Self.address(other) }
        if let url = settings[.remoteURL].last {
            guard socket == nil else { throw ConfigurationError("remote and remote-url exclude each other") }
            let address = try Self.address(url)
            try Self.requireNetwork(for: address, .ofThisProcess)
            do throws(HelperFiles.Invalid) {
                try files.check(for: address)
            } catch {
                let origin = Self.fileSettings.first { $0.value == error.name }
                    .flatMap { settings[$0.key].last?.origin }
                throw ConfigurationError(
                    "remote-\(error.name.rawValue): \(error.reason)\(origin.map { " (\($0))" } ?? "")")
            }
            let arguments = HelperFiles.Name.allCases.flatMap { name in
                paths[name].map { ["--\(name.rawValue)", $0] } ?? []
            }
            helper = .started(
                url: url.text,
                arguments: ["--url", url.text, "--budget", "\(TimeSpan(milliseconds: budgetMs))"] + arguments)
        } else if let socket {
            if let name = HelperFiles.Name.allCases.first(where: { paths[$0] != nil }) {
                throw ConfigurationError(
                    "remote-\(name.rawValue): the memod-remote at \(socket) has files of its own; name it there"
                )
            }
            helper = .running(socket: socket)
        }
    }

    private static func address(_ url: Settings.Value) throws(ConfigurationError) -> ServerAddress {
        do throws(ServerAddress.Invalid) {
            return try ServerAddress(url.text)
        } catch {
            throw ConfigurationError("remote-url: \(error) (\(url.origin))")
        }
    }

    /// The helper has what memod has: under a unit without network it would never reach a server.
    static func requireNetwork(
        for address: ServerAddress, _ access: NetworkAccess
    ) throws(ConfigurationError) {
        let needsIt = address.places.contains { if case .tcp = $0 { true } else { false } }
        guard needsIt, access != .free else { return }
        let why =
            access == .noSockets
            ? "may make no internet sockets (RestrictAddressFamilies=)"
            : "has a network of its own (PrivateNetwork=)"
        let (settings, systemctl, runtime) =
            getenv("XDG_RUNTIME_DIR").map {
                ("~/.config/memod", "systemctl --user", String(cString: $0))
            } ?? ("/etc/memod", "systemctl", "/run")
        throw ConfigurationError(
            "remote-url: memod runs where it \(why), and so would a helper that it starts. Let "
                + "memod-remote.service reach the server: MEMOD_REMOTE_OPTIONS=--url … in \(settings)/remote.env, "
                + "\(systemctl) enable --now memod-remote, and in memod.conf, in place of remote-url, "
                + "remote = \(runtime)/memod-remote/memod-remote.sock")
    }

    private static let fileSettings: [SettingName: HelperFiles.Name] = [
        .remoteKeyFile: .key, .remotePasswordFile: .password, .remoteCAFile: .ca,
        .remoteCertificateFile: .certificate, .remoteCertificateKeyFile: .certificateKey,
    ]

    /// The value of a setting, as it could be written down.
    func text(of name: SettingName) -> String {
        switch name {
        case .remoteURL: if case .started(let url, _)? = helper { url } else { "" }
        case .remote: if case .running(let socket)? = helper { socket } else { "" }
        case .remoteNamespace: namespace
        case .remoteFunctions: functions.joined(separator: ",")
        case .remoteMode: mode.rawValue
        case .remoteBudget: TimeSpan(milliseconds: budgetMs).description
        case .remoteValueMax: ByteSize(bytes: valueMax).description
        case .remoteQueue: ByteSize(bytes: queueBytes).description
        default: Self.fileSettings[name].flatMap { files[$0] } ?? ""
        }
    }
}
