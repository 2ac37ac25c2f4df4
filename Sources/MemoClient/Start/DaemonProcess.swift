package import Glibc

/// A memod of this user as the system shows it.
package struct DaemonProcess: Equatable {
    package let pid: pid_t

    /// The memod of this user that the lock file beside a socket names, listening or not: about to, or about to end.
    package init?(socket: String) {
        guard let text = SmallFile.read(socket + ".lock", limit: 16),
            let pid = pid_t(text.prefix { $0.isNumber }), pid > 0
        else { return nil }
        self.pid = pid
        var status = stat()
        guard stat("/proc/\(pid)", &status) == 0, status.st_uid == getuid(), isAlive,
            let executable = DaemonProgram.link("/proc/\(pid)/exe"),
            // The name of an executable that was exchanged meanwhile has a note behind it.
            ["memod", "memod (deleted)"].contains(executable.split(separator: "/").last.map(String.init))
        else { return nil }
    }

    init(pid: pid_t) { self.pid = pid }

    /// Whether it is there and has not ended: what no one waited for has.
    package var isAlive: Bool {
        guard let text = SmallFile.read("/proc/\(pid)/stat", limit: 512), let end = text.lastIndex(of: ")")
        else {
            return false
        }
        let state = text[text.index(after: end)...].drop { $0 == " " }.first
        return state != "Z" && state != "X"
    }

    /// Whether a client started it.
    var wasStartedByClient: Bool {
        SmallFile.read("/proc/\(pid)/environ", limit: 1 << 20)?.split(separator: "\0")
            .contains("MEMOD_AUTOSTART=1") ?? false
    }
}

/// Files of a few bytes.
enum SmallFile {
    static func read(_ path: String, from offset: Int = 0, limit: Int) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return read(descriptor, from: offset, limit: limit)
    }

    static func read(_ descriptor: Int32, from offset: Int = 0, limit: Int) -> String? {
        var bytes = [UInt8](repeating: 0, count: limit)
        var count = 0
        while count < limit {
            let more = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress! + count, limit - count, off_t(offset + count))
            }
            if more < 0 && errno == EINTR { continue }
            if more < 0 { return nil }
            if more == 0 { break }
            count += more
        }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
