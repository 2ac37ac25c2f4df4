internal import Glibc

/// The number of files and sockets the process may have open.
enum DescriptorLimit {
    /// What the daemon needs beside its connections.
    static let reserve = 96

    /// Raises the limit to the most that the system grants.
    /// - Returns: the limit that now holds.
    static func raise() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
        let current = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        let isRaised = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        return Int(clamping: isRaised ? limit.rlim_max : current)
    }
}
