internal import Glibc

/// Has a stale result computed anew by a process that nobody waits for.
enum BackgroundRefresh {
    /// The descriptor at which that process finds the connection whose lease it was given. It does nothing with
    /// it but hold it open: a lease ends with its connection.
    private static let connectionDescriptor: Int32 = 3

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
        again += [Array("--lease".utf8), Array(lease.utf8)] + words[(command + 1)...]
        // Copied out of the way first: spawning puts it at its place after the others.
        let held = fcntl(connection, F_DUPFD_CLOEXEC, 16)
        guard held >= 0 else { return }
        defer { close(held) }
        _ = try? Spawning.spawn(again, descriptors: [source, sink, sink, held], isDetached: true)
    }
}
