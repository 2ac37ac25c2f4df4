internal import Glibc
internal import MemoClient
internal import Platform

/// A file that only this user can read, and that leads a browser to memod-web: one for each daemon.
struct ForwardingPage {
    let path: String

    /// - Parameter socket: the daemon's.
    init(socket: String) throws {
        let directory = try Self.directory()
        path = "\(directory)/dashboard-\(SHA256.digest(of: Array(socket.utf8)).prefix(16)).html"
    }

    /// The user's runtime directory, else the cache directory: made if it is missing.
    private static func directory() throws -> String {
        func variable(_ name: String) -> String? {
            getenv(name).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        guard
            let base = variable("XDG_RUNTIME_DIR") ?? variable("XDG_CACHE_HOME")
                ?? variable("HOME").map({ $0 + "/.cache" })
        else {
            throw CommandFailure("neither XDG_RUNTIME_DIR nor HOME says where a file for the browser may be")
        }
        mkdir(base, 0o700)
        let directory = base + "/memod"
        if mkdir(directory, 0o700) != 0, errno != EEXIST {
            throw OutputError("the directory \(directory)", number: errno)
        }
        var status = stat()
        guard lstat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(),
            status.st_mode & 0o022 == 0
        else { throw CommandFailure("\(directory) is no directory that only you can write to") }
        return directory
    }

    /// Where it leads, if it is there.
    var address: WebAddress? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
            return nil
        }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(file, &buffer, buffer.count)
        let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        guard let start = text.firstRange(of: Self.mark)?.upperBound else { return nil }
        return WebAddress(String(text[start...].prefix { $0 != "\"" }))
    }

    private static let mark = "content=\"0;url="

    func write(_ address: WebAddress) throws {
        let page = Array(
            """
            <!doctype html>
            <meta charset="utf-8">
            <meta name="referrer" content="no-referrer">
            <meta http-equiv="refresh" \(Self.mark)\(address.text)">
            <title>memod</title>
            <p><a href="\(address.text)">memod's dashboard</a></p>

            """.utf8)
        let temporary = "\(path).\(getpid())"
        unlink(temporary)
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw OutputError("\(temporary) cannot be made", number: errno) }
        defer { close(file) }
        try Output(descriptor: file, name: temporary).write(page)
        guard rename(temporary, path) == 0 else {
            throw OutputError("\(path) cannot be written", number: errno)
        }
    }
}
