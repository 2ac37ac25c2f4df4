internal import Glibc

/// The exclusive hold on a database: a locked file beside it, `<database>.lock`, with the holder's process
/// number in it. The file stays when the lock is let go, since removing it would let two holders in.
struct DatabaseLock: ~Copyable {
    private let descriptor: Int32

    /// - Throws: `.locked` if someone else holds it.
    init(path: String) throws(ColdError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0o600)
        guard descriptor >= 0 else { throw ColdError(errno: errno, doing: "open \(path)") }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw ColdError(.refused, "\(path) is not a regular file")
        }
        var attempt = 0
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            if code == EINTR { continue }
            attempt += 1
            // A process that the last holder was just forking has the lock, too, until it runs its own program.
            if code == EWOULDBLOCK, attempt <= 20 {
                usleep(10_000)
                continue
            }
            let holder = code == EWOULDBLOCK ? Self.holder(descriptor) : nil
            close(descriptor)
            guard code == EWOULDBLOCK else { throw ColdError(errno: code, doing: "lock \(path)") }
            throw ColdError(
                .locked(pid: holder),
                "the database is in use by \(holder.map { "process \($0)" } ?? "another process")")
        }
        self.descriptor = descriptor
        // Only a message to others: a full disk must not keep the daemon from starting.
        let text = Array("\(getpid())\n".utf8)
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, text, text.count, 0) }
    }

    deinit { close(descriptor) }

    /// Whether the lock is still the file at its path: another one's lock says nothing of this one.
    func isStill(at path: String) -> Bool {
        DatabaseFile(descriptor: descriptor)?.isStill(at: path) ?? false
    }

    private static func holder(_ descriptor: Int32) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
