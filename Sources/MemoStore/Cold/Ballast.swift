internal import Glibc

/// Disk space kept in reserve beside the database: given up when the disk is full, so that entries can be
/// deleted, which takes room in the log before it makes any.
struct Ballast: Sendable {
    static let bytes: Int64 = 2 << 20

    let path: String

    /// Whether the space is held.
    var isHeld: Bool {
        var status = stat()
        return lstat(path, &status) == 0 && Int64(status.st_blocks) * 512 >= Self.bytes
    }

    func release() { unlink(path) }

    /// Takes the space again where the disk has plenty: four times as much and more.
    /// - Returns: whether it is held now.
    @discardableResult
    func restore() -> Bool {
        if isHeld { return true }
        var status = statvfs()
        guard statvfs(path.parent, &status) == 0,
            UInt64(status.f_bavail) * UInt64(status.f_frsize) >= UInt64(4 * Self.bytes)
        else { return false }
        unlink(path)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard posix_fallocate(descriptor, 0, off_t(Self.bytes)) == 0 else {
            unlink(path)
            return false
        }
        return true
    }
}

extension String {
    fileprivate var parent: String {
        guard let slash = lastIndex(of: "/"), slash != startIndex else { return "/" }
        return String(self[..<slash])
    }
}
