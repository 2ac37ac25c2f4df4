internal import Glibc

/// Where a memod-web serves, and its token: `http://127.0.0.1:40123/?token=…`.
struct WebAddress: Equatable {
    private static let scheme = "http://"
    private static let host = "127.0.0.1"

    let text: String
    private let port: UInt16
    private let token: String

    /// - Returns: `nil` if it is none that `memoctl` has started.
    init?(_ text: String) {
        let start = Self.scheme + Self.host + ":"
        guard text.hasPrefix(start), text.utf8.count < 400,
            let slash = text.dropFirst(start.count).firstIndex(of: "/"),
            let port = UInt16(text.dropFirst(start.count)[..<slash])
        else { return nil }
        let rest = text[slash...]
        guard rest.hasPrefix("/?token=") else { return nil }
        token = String(rest.dropFirst("/?token=".count))
        guard !token.isEmpty, token.utf8.allSatisfy(Self.isAllowed) else { return nil }
        self.text = text
        self.port = port
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    var withoutToken: String { "\(Self.scheme)\(Self.host):\(port)/" }

    /// Whether a server there knows the token.
    var isServed: Bool {
        let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard connection >= 0 else { return false }
        defer { close(connection) }
        var limit = timeval(tv_sec: 2, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, Self.host, &address.sin_addr)
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { return false }
        let request = Array(
            ("HEAD / HTTP/1.1\r\nHost: \(Self.host):\(port)\r\nAuthorization: Bearer \(token)\r\n"
                + "Connection: close\r\n\r\n").utf8)
        guard send(connection, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            return false
        }
        var reply = [UInt8](repeating: 0, count: 12)
        let count = recv(connection, &reply, reply.count, Int32(MSG_WAITALL))
        return String(decoding: reply.prefix(max(0, count)), as: UTF8.self) == "HTTP/1.1 200"
    }
}
