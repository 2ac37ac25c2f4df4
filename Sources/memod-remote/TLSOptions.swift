internal import ArgumentParser
internal import RemoteEngine

/// How the server's certificate is looked at, and our own.
struct TLSOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Certificates of those who may sign the server's; else the system's.", valueName: "FILE"))
    var caFile: String?

    @Option(help: ArgumentHelp("Our own certificate, where the server asks for one.", valueName: "FILE"))
    var certificateFile: String?

    @Option(help: ArgumentHelp("The private key of that.", valueName: "FILE"))
    var certificateKeyFile: String?

    func context() throws(SettingError) -> TLSSettings.Context {
        let settings = TLSSettings(
            caFile: caFile, certificateFile: certificateFile, certificateKeyFile: certificateKeyFile)
        do throws(TLSSettings.Invalid) {
            return try settings.context()
        } catch {
            throw SettingError("--\(error.setting)", error.reason)
        }
    }
}
