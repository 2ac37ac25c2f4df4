package import Glibc

/// The address of a Unix socket in the file system.
package struct UnixSocketAddress {
    /// A path that cannot be a socket's.
    package struct InvalidPath: Error, CustomStringConvertible {
        package let description: String
    }

    /// Bytes that a path may have.
    package static let pathBytesMax = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    private var address = sockaddr_un()

    /// - Throws: if the path is empty, has a NUL, or is longer than `pathBytesMax`.
    package init(path: String) throws(InvalidPath) {
        let bytes = [UInt8](path.utf8)
        guard !bytes.isEmpty, !bytes.contains(0) else {
            throw InvalidPath(description: "\"\(path)\" is not a socket path")
        }
        guard bytes.count <= Self.pathBytesMax else {
            throw InvalidPath(
                description:
                    "the socket path is \(bytes.count) bytes long, \(Self.pathBytesMax) is the most that "
                    + "Unix sockets allow: \(path)")
        }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    }

    /// Calls `body` with the address as system calls take it.
    package func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
