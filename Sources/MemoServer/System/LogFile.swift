internal import Glibc
internal import Platform

/// The log of a daemon that a client started: no one else looks after it. Standard error is its file, which is begun
/// anew once it is full; one older is kept.
final class LogFile: Sendable {
    private static let bytesMax = 1 << 20

    private let path: String
    private let bytes: Lock<Int>

    /// - Returns: `nil` if standard error is no file.
    init?() {
        var status = stat()
        guard fstat(STDERR_FILENO, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            let path = realpath("/proc/self/fd/\(STDERR_FILENO)", nil)
        else { return nil }
        defer { free(path) }
        self.path = String(cString: path)
        bytes = Lock(Int(status.st_size))
    }

    func write(_ line: UnsafeBufferPointer<UInt8>) {
        bytes.withLock { bytes in
            if bytes + line.count > Self.bytesMax, beginAnew() { bytes = 0 }
            bytes += max(0, Glibc.write(STDERR_FILENO, line.baseAddress, line.count))
        }
    }

    private func beginAnew() -> Bool {
        guard rename(path, path + ".1") == 0 else { return false }
        let file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { return false }
        defer { close(file) }
        return dup2(file, STDERR_FILENO) >= 0
    }
}
