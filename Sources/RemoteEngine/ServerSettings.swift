package import NIOSSL
package import RemoteLink

/// How servers are reached.
package struct ServerSettings: Sendable {
    package var address: ServerAddress
    package var password: [UInt8]?
    /// `nil`: without TLS.
    package var tls: NIOSSLContext?
    /// How long a look-up may take before the server counts as one that does not answer.
    package var budgetMs: Int64 = 25

    package init(address: ServerAddress) { self.address = address }
}
