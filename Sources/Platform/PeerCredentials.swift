internal import Glibc

/// Who is at the other end of a Unix socket: the process and its user and group when it connected.
/// Laid out like `struct ucred`, which glibc declares only for `_GNU_SOURCE`.
package struct PeerCredentials: Equatable {
    package var process: Int32 = 0
    package var user: UInt32 = 0
    package var group: UInt32 = 0

    package init(process: Int32, user: UInt32, group: UInt32) {
        self.process = process
        self.user = user
        self.group = group
    }

    /// - Returns: `nil` if the kernel does not say.
    package init?(of descriptor: Int32) {
        var size = socklen_t(MemoryLayout<Self>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &self, &size) == 0,
            size == MemoryLayout<Self>.size
        else { return nil }
    }

    /// The supplementary groups that the process at the other end had when it connected; empty if the kernel does not say.
    package static func supplementaryGroups(of descriptor: Int32) -> [UInt32] {
        var size: socklen_t = 0
        // It fails, and says how much it takes.
        guard getsockopt(descriptor, SOL_SOCKET, peerGroups, nil, &size) != 0, errno == ERANGE else {
            return []
        }
        let stride = MemoryLayout<UInt32>.stride
        return [UInt32](unsafeUninitializedCapacity: Int(size) / stride) { groups, count in
            let isRead = getsockopt(descriptor, SOL_SOCKET, peerGroups, groups.baseAddress, &size) == 0
            count = isRead ? Int(size) / stride : 0
        }
    }

    /// `SO_PEERGROUPS`, since Linux 4.13.
    private static let peerGroups: Int32 = 59
}
