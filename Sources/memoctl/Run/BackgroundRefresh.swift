internal import Glibc
internal import Platform

/// Has a stale result computed anew by a process that no one waits for.
enum BackgroundRefresh {
    /// Failing is no matter: the stale result is there, and the next run tries again.
    static func start(lease: String, connection: Int32, input: [UInt8]?) {
        guard let source = try? InputFile.make(input ?? []) else { return }
        defer { close(source) }
        let sink = open("/dev/null", O_WRONLY | O_CLOEXEC)
        guard sink >= 0 else { return }
        defer { close(sink) }
        // The words as they came, with the lease as one more option of `run`.
        let words = CommandWords.all
        guard let command = words.firstIndex(of: Array("run".utf8)) else { return }
        var again = [Array("/proc/self/exe".utf8)] + words[1...command]
        // It is at none of the numbers at which the command may have something of its own.
        let held = fcntl(connection, F_DUPFD, 16)
        guard held >= 0 else { return }
        defer { close(held) }
        again += [Array("--lease".utf8), Array("\(held):\(lease)".utf8)] + words[(command + 1)...]
        _ = try? Spawning.spawn(again, ProcessLaunch(descriptors: [source, sink, sink], isDetached: true))
    }

    /// In that process: the connection whose lease it was given stays open, as a lease ends with it, and is none of
    /// the command's.
    /// - Returns: the lease.
    static func adopt(_ word: String) -> String {
        let parts = word.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let held = Int32(parts[0]) else { return word }
        _ = fcntl(held, F_SETFD, FD_CLOEXEC)
        return String(parts[1])
    }
}
