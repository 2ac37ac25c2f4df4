internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// Why a server cannot be reached, for people.
enum Reason {
    static func text(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let last = error.connectionErrors.last?.error { return text(last) }
            if let failure = error.dnsAAAAError ?? error.dnsAError {
                return "its name does not resolve: \(failure)"
            }
            return "it cannot be reached"
        case let error as IOError:
            return String(cString: strerror(error.errnoCode)).lowercased()
        case ChannelError.connectTimeout: return "it did not accept the connection in time"
        case let error as NIOSSLError: return "TLS: \(error)"
        case let error as NIOSSLExtraError: return "TLS: \(error)"
        case let error as BoringSSLError: return "TLS: \(error)"
        case let error as Refusal: return error.description
        default: return "\(error)"
        }
    }

    /// The server answers, and does not want us, or is not what it should be.
    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }
}
