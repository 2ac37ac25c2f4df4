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

    func context(isUsed: Bool) throws(SettingError) -> TLSSettings.Context? {
        guard isUsed else {
            for (setting, value) in [
                ("--ca-file", caFile), ("--certificate-file", certificateFile),
                ("--certificate-key-file", certificateKeyFile),
            ] where value != nil {
                throw SettingError(setting, "the URL is not one with TLS, which begins with rediss")
            }
            return nil
        }
        guard (certificateFile == nil) == (certificateKeyFile == nil) else {
            throw SettingError(
                certificateFile == nil ? "--certificate-file" : "--certificate-key-file",
                "certificate and private key are named together")
        }
        let settings = TLSSettings(
            caFile: caFile, certificateFile: certificateFile, certificateKeyFile: certificateKeyFile)
        do throws(TLSSettings.Invalid) {
            return try settings.context()
        } catch {
            throw SettingError("--\(error.setting)", error.reason)
        }
    }
}
