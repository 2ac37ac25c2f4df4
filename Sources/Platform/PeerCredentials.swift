internal import Glibc

/// Who is at the other end of a Unix socket: the process and its user and group when it connected.
/// Laid out like `struct ucred`, which glibc declares for `_GNU_SOURCE` alone.
package struct PeerCredentials: Equatable {
    package var process: Int32 = 0
    package var user: UInt32 = 0
    package var group: UInt32 = 0

    package init(process: Int32, user: UInt32, group: UInt32) {
        self.process = process
        self.user = user
        self.group = group
    }

    /// - Returns: `nil` where the kernel does not say.
    package init?(of descriptor: Int32) {
        var size = socklen_t(MemoryLayout<Self>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &self, &size) == 0,
            size == MemoryLayout<Self>.size
        else { return nil }
    }
}
