internal import Glibc

/// The address of a Unix socket in the file system.
struct SocketAddress {
    private var address = sockaddr_un()

    /// - Throws: where the path is empty or longer than an address holds (107 bytes on Linux).
    init(path: String) throws(ListenerError) {
        let bytes = [UInt8](path.utf8)
        let limit = MemoryLayout.size(ofValue: address.sun_path) - 1
        guard !bytes.isEmpty, !bytes.contains(0) else {
            throw ListenerError("\"\(path)\" is not a socket path")
        }
        guard bytes.count <= limit else {
            throw ListenerError(
                "the socket path is \(bytes.count) bytes long, \(limit) is the most that Unix sockets allow: \(path)"
            )
        }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    }

    /// Calls `body` with the address as system calls take it.
    func withSockaddr<T>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> T) -> T {
        withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
