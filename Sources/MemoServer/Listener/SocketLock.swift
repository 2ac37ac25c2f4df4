internal import Glibc
internal import Platform

/// The lock file beside a socket path: whoever has it locked may probe, replace and remove the socket. The file
/// stays, with the process number of its last holder, since removing it would let two hold it.
struct SocketLock: ~Copyable {
    private let descriptor: Int32

    /// - Throws: if another process holds the lock, which is named, or the file is not ours.
    init(path: String) throws(ListenerError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else {
            if errno == ELOOP { throw ListenerError("\(path) is a symbolic link") }
            throw ListenerError("\(path): \(SystemError.last)")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1,
            status.st_uid == geteuid()
        else {
            close(descriptor)
            throw ListenerError("\(path) is not a file of user \(geteuid())")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let error = SystemError.last
            let holder = Self.holder(descriptor)
            close(descriptor)
            guard error.number == EWOULDBLOCK else { throw ListenerError("\(path): \(error)") }
            let process = holder.map { "process \($0)" } ?? "another process"
            throw ListenerError("memod is running already: \(process) holds \(path)")
        }
        let text = "\(getpid())\n"
        // For people and for the message above; the lock does not depend on it.
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, text, text.utf8.count, 0) }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    private static func holder(_ descriptor: Int32) -> Int? {
        var text = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &text, text.count, 0)
        guard count > 0 else { return nil }
        return Int(digits: String(decoding: text[..<count], as: UTF8.self).prefix { $0 != "\n" })
    }
}
