package import NIOSSL

/// Certificates, as files in PEM.
package struct TLSSettings {
    package typealias Context = NIOSSLContext

    private let caFile: String?
    private let certificateFile: String?
    private let certificateKeyFile: String?

    package struct Invalid: Error {
        /// The option's name.
        package let setting: String
        package let reason: String
    }

    package init(caFile: String?, certificateFile: String?, certificateKeyFile: String?) {
        self.caFile = caFile
        self.certificateFile = certificateFile
        self.certificateKeyFile = certificateKeyFile
    }

    package func context() throws(Invalid) -> Context {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let caFile {
            configuration.trustRoots = .certificates(
                try read("ca-file", caFile) { try NIOSSLCertificate.fromPEMFile($0) })
        }
        if let certificateFile, let certificateKeyFile {
            configuration.certificateChain = try read("certificate-file", certificateFile) {
                try NIOSSLCertificate.fromPEMFile($0)
            }.map { .certificate($0) }
            configuration.privateKey = .privateKey(
                try read("certificate-key-file", certificateKeyFile) {
                    try NIOSSLPrivateKey(file: $0, format: .pem)
                })
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw Invalid(setting: "ca-file", reason: "\(error)")
        }
    }

    private func read<Content>(
        _ setting: String, _ path: String, _ body: (String) throws -> Content
    ) throws(Invalid) -> Content {
        do {
            return try body(path)
        } catch {
            throw Invalid(setting: setting, reason: "\(path) cannot be read, or is not in PEM: \(error)")
        }
    }
}
