internal import Glibc

/// Digests of executables between runs, in a small file of the cache directory: to read a program of many megabytes
/// would take longer than most that is remembered.
///
/// A line is a file's stamp and its digest. Lines are added at the end, each with one write, so that several processes
/// may do so at once. The file is ours, or it is not used; without it everything is read each time.
enum DigestMemory {
    private static let name = "executables"
    /// Some 500 lines; then the older half goes.
    private static let maximumBytes = 64 << 10

    static func digest(for stamp: FileStamp) -> String? {
        guard let text = contents() else { return nil }
        let wanted = stamp.text + " "
        // What was written last counts, should two lines ever differ.
        let line = text.split(separator: "\n").last { $0.hasPrefix(wanted) }
        let digest = line?.dropFirst(wanted.count)
        return digest.flatMap { $0.count == 64 && $0.allSatisfy(\.isHexDigit) ? String($0) : nil }
    }

    static func add(_ digest: String, for stamp: FileStamp) {
        guard let directory = directory(), let path = path else { return }
        // A new home has no cache directory yet.
        if let parent = directory.lastIndex(of: "/") { mkdir(String(directory[..<parent]), 0o700) }
        mkdir(directory, 0o700)
        if let text = contents(), text.utf8.count > maximumBytes { shorten(text, at: path) }
        guard let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND) else { return }
        defer { close(descriptor) }
        let line = Array("\(stamp.text) \(digest)\n".utf8)
        _ = write(descriptor, line, line.count)
    }

    private static func shorten(_ text: String, at path: String) {
        let lines = text.split(separator: "\n")
        let kept = lines.suffix(lines.count / 2).joined(separator: "\n") + "\n"
        let new = "\(path).\(getpid())"
        guard let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL) else { return }
        let written = write(descriptor, kept, kept.utf8.count)
        close(descriptor)
        if written != kept.utf8.count || rename(new, path) != 0 { unlink(new) }
    }

    private static func contents() -> String? {
        guard let path, let descriptor = open(path, O_RDONLY) else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 2 * maximumBytes)
        let count = read(descriptor, &bytes, bytes.count)
        return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// Opens the file where it is a real one of this user's, which no one else may write.
    private static func open(_ path: String, _ flags: Int32) -> Int32? {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
            status.st_mode & 0o022 == 0
        else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    private static var path: String? { directory().map { $0 + "/" + name } }

    /// Beside the database of this user's daemon.
    private static func directory() -> String? {
        if let cache = variable("XDG_CACHE_HOME"), cache.hasPrefix("/") { return cache + "/memod" }
        return variable("HOME").flatMap { $0.hasPrefix("/") ? $0 + "/.cache/memod" : nil }
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
