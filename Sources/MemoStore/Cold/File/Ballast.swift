internal import Glibc

/// Disk space kept in reserve beside the database: given up when the disk is full, so that the log can be moved
/// into the database and entries can be deleted, which takes room before it makes any.
struct Ballast: Sendable {
    /// As much as the log may have to move: see `ColdOptions.checkpointFrames`.
    static let bytes: Int64 = 16 << 20
    /// The same if the disk is small or nearly full, and the log is kept short.
    static let bytesWhenScarce: Int64 = 2 << 20

    let path: String
    /// Of the database.
    let directory: String

    /// Whether space is held.
    var isHeld: Bool { bytesHeld >= Self.bytesWhenScarce }

    private var bytesHeld: Int64 {
        var status = stat()
        return lstat(path, &status) == 0 ? Int64(status.st_blocks) * 512 : 0
    }

    func release() { unlink(path) }

    /// Takes space if the disk has four times as much and more.
    /// - Returns: whether it is held now.
    @discardableResult
    func restore() -> Bool {
        guard let available = DiskSpace.available(below: directory) else { return false }
        let wanted = available >= DiskSpace.plentyBytes ? Self.bytes : Self.bytesWhenScarce
        if bytesHeld >= wanted { return true }
        guard available >= 4 * wanted else { return isHeld }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0o600)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        if posix_fallocate(descriptor, 0, off_t(wanted)) != 0 { unlink(path) }
        return isHeld
    }
}
