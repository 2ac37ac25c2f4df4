internal import Glibc

/// The address of a Unix stream socket.
struct SocketAddress {
    /// Bytes that a path may have, with the NUL that ends it.
    static let pathCapacity = MemoryLayout.size(ofValue: sockaddr_un().sun_path)

    private var storage = sockaddr_un()

    /// - Precondition: `path` is shorter than `pathCapacity` and has no NUL.
    init(path: String) {
        storage.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &storage.sun_path) { field in
            precondition(path.utf8.count < field.count)
            field.copyBytes(from: path.utf8)
        }
    }

    func connect(_ descriptor: Int32) -> Int32 {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                Glibc.connect(descriptor, address, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
