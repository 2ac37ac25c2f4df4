internal import Glibc

/// The exclusive hold on a database: a locked file beside it, `<database>.lock`, with the holder's process
/// number in it. The file stays when the lock is let go, since removing it would let two holders in. Someone else may
/// remove it, or reach the database by another name: so the database itself is locked, too.
struct DatabaseLock: ~Copyable {
    private let descriptor: Int32

    /// Locks the file beside it.
    /// - Throws: `.locked` if someone else holds it.
    init(path: String) throws(ColdError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0o600)
        guard descriptor >= 0 else { throw ColdError(errno: errno, doing: "open \(path)") }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw ColdError(.refused, "\(path) is not a regular file")
        }
        try Self.lock(descriptor, path) { Self.holder($0) }
        self.descriptor = descriptor
        // Only a message to others: a full disk must not keep the daemon from starting.
        let text = Array("\(getpid())\n".utf8)
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, text, text.count, 0) }
    }

    /// Locks the database itself. It has to live as long as any connection: its end ends the locks of theirs, which are of
    /// another kind.
    /// - Returns: `nil` if there is no file to be locked.
    /// - Throws: `.locked` if someone else holds it.
    init?(database path: String) throws(ColdError) {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { return nil }
        try Self.lock(descriptor, path) { Self.connected($0) }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    private static func lock(
        _ descriptor: Int32, _ path: String, holder: (Int32) -> Int32?
    ) throws(ColdError) {
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
            let holder = code == EWOULDBLOCK ? holder(descriptor) : nil
            close(descriptor)
            guard code == EWOULDBLOCK else { throw ColdError(errno: code, doing: "lock \(path)") }
            throw ColdError(
                .locked(pid: holder),
                "the database is in use by \(holder.map { "process \($0)" } ?? "another process")")
        }
    }

    /// Whether the lock is still the file at its path: another one's lock says nothing of this one.
    func isStill(at path: String) -> Bool {
        DatabaseFile(descriptor: descriptor)?.isStill(at: path) ?? false
    }

    /// Who has a connection to the database, by the lock that SQLite takes for each.
    private static func connected(_ descriptor: Int32) -> Int32? {
        // It may just be opening it anew.
        for _ in 0..<10 {
            var other = flock()
            other.l_type = Int16(F_WRLCK)
            other.l_whence = Int16(SEEK_SET)
            other.l_start = sharedStart
            other.l_len = sharedBytes
            guard fcntl(descriptor, F_GETLK, &other) == 0 else { return nil }
            if other.l_type != Int16(F_UNLCK) { return other.l_pid > 0 ? other.l_pid : nil }
            usleep(10_000)
        }
        return nil
    }

    /// Bytes that each connection has locked (sqlite.org/fileformat2.html: the lock-byte page; `SHARED_FIRST`).
    private static let sharedStart = 0x4000_0002
    private static let sharedBytes = 510

    private static func holder(_ descriptor: Int32) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
