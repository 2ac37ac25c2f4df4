internal import ArgumentParser
internal import Glibc
internal import Logging
internal import Platform
internal import RemoteEngine
internal import RemoteLink
internal import RemoteTier

/// The command line of the helper.
@main
struct MemodRemote: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memod-remote",
        abstract: "Reaches a Redis or Valkey for memod, which has no network of its own.",
        discussion: """
            memod starts it by itself where it is given --remote-url. To run it as a service of its own, name a socket with \
            --listen, and give that to memod as --remote.
            """,
        version: "memod-remote \(Version.text)")

    @Option(
        help: ArgumentHelp(
            """
            The server: redis://HOST:PORT, redis+unix:///PATH, redis+cluster://HOST:PORT,HOST:PORT, \
            redis+sentinel://HOST:PORT,HOST:PORT/MASTER; with TLS rediss…; USER@ before the host.
            """,
            valueName: "URL"))
    var url: String

    @Option(
        name: .long,
        help: ArgumentHelp("The user's password is the first line of this file.", valueName: "FILE"))
    var passwordFile: String?

    @Option(
        help: ArgumentHelp(
            "Keys that entries are sealed with, 64 hexadecimal digits a line.", valueName: "FILE"))
    var keyFile: String?

    @OptionGroup var tls: TLSOptions

    @Option(
        help: ArgumentHelp(
            "How long a look-up may take before the server counts as slow.", valueName: "DURATION"))
    var budget: String = "25ms"

    @Option(help: ArgumentHelp("The Unix socket to listen on for memod.", valueName: "SOCKET"))
    var listen: String?

    @Option(help: .private)
    var link: Int32?

    @Flag(help: "Only look whether the settings are right.")
    var check = false

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            report(error)
        }
    }

    private static func report(_ error: any Error) -> Never {
        let code = exitCode(for: error)
        var text = fullMessage(for: error)
        if !code.isSuccess {
            text = ParserMessage.lines(text, of: "memod-remote", arguments: CommandLine.arguments) { _ in nil
            }
            .joined(separator: "\n")
        }
        text += "\n"
        if text != "\n" { _ = write(code.isSuccess ? STDOUT_FILENO : STDERR_FILENO, text, text.utf8.count) }
        Glibc.exit(code.rawValue)
    }

    func run() throws {
        let settings: ServerSettings
        let keys: SealingKeys?
        do throws(SettingError) {
            settings = try serverSettings()
            keys = try sealingKeys()
        } catch {
            throw ValidationError(error.description)
        }
        if check { return }
        guard (listen == nil) != (link == nil) else {
            throw ValidationError("name the socket to listen on with --listen SOCKET")
        }
        guard listen != "" else {
            throw ValidationError("--listen: \"\" is no path")
        }
        let logger = Logger(label: "memod-remote") { _ in PlainLogHandler() }
        signal(SIGPIPE, SIG_IGN)
        do {
            let helper = Helper(settings: settings, keys: keys, logger: logger)
            if let link { return try helper.serve(inherited: link) }
            guard let listen else { return }
            umask(0o177)
            try helper.listen(path: listen) { logger.info("ready", metadata: ["socket": "\(listen)"]) }
        } catch {
            let line = "memod-remote: \(TextEscaping.printable("\(error)"))\n"
            _ = write(STDERR_FILENO, line, line.utf8.count)
            throw ExitCode(1)
        }
    }

    private func serverSettings() throws(SettingError) -> ServerSettings {
        let address: ServerAddress
        do throws(ServerAddress.Invalid) {
            address = try ServerAddress(url)
        } catch {
            throw SettingError("--url", error.description)
        }
        var settings = ServerSettings(address: address)
        do throws(HelperFiles.Invalid) {
            try files.check(for: address)
            settings.password = try files.password()
        } catch {
            throw SettingError("--\(error.name.rawValue)", error.reason)
        }
        if address.usesTLS { settings.tls = try tls.context() }
        guard let span = Milliseconds(budget), span.count > 0 else {
            throw SettingError("--budget", "\"\(budget)\" is not a duration such as 25ms or 1s")
        }
        settings.budgetMs = span.count
        return settings
    }

    private func sealingKeys() throws(SettingError) -> SealingKeys? {
        do throws(HelperFiles.Invalid) {
            return try files.secrets().map { SealingKeys(secrets: $0) }
        } catch {
            throw SettingError("--\(error.name.rawValue)", error.reason)
        }
    }

    private var files: HelperFiles {
        var paths: [HelperFiles.Name: String] = [:]
        paths[.key] = keyFile
        paths[.password] = passwordFile
        paths[.ca] = tls.caFile
        paths[.certificate] = tls.certificateFile
        paths[.certificateKey] = tls.certificateKeyFile
        return HelperFiles(paths)
    }
}
