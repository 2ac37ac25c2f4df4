internal import Glibc

/// Who listens at the other end of a Unix socket, as the kernel says.
struct PeerCredentials {
    let uid: UInt32

    init(of descriptor: Int32) throws(MemoError) {
        // Linux's `struct ucred`, which the C library shows only to those who ask for its extensions.
        var credentials: (pid: Int32, uid: UInt32, gid: UInt32) = (0, 0, 0)
        var size = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else {
            let cause = SystemCallError("getsockopt", number: errno)
            throw MemoError(.untrustedPeer, cause.reason, cause: cause)
        }
        uid = credentials.uid
    }

    /// Only the user's own daemon, root's and the system's user `memod` are talked to: anybody else could hand
    /// out wrong results.
    func verify() throws(MemoError) {
        if uid == geteuid() || uid == 0 { return }
        if let entry = getpwnam("memod"), entry.pointee.pw_uid == uid { return }
        throw MemoError(.untrustedPeer, "its listener belongs to user \(uid), not to you, root or memod")
    }
}
