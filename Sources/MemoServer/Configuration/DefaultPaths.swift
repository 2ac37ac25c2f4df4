internal import Glibc

/// Where the socket and the database are when no one says.
struct DefaultPaths {
    let socket: String
    /// `nil` if there is neither a cache directory nor a home.
    let database: String?

    /// - Parameters:
    ///   - environment: the process's environment. Variables of the XDG base directories that are not absolute
    ///     paths are ignored, as their specification asks.
    ///   - user: whose paths.
    init(environment: [String: String], user: uid_t = getuid()) {
        let absolute = { (name: String) in environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil } }
        socket =
            absolute("XDG_RUNTIME_DIR").map { "\($0)/memod/memod.sock" } ?? "/tmp/memod-\(user)/memod.sock"
        // systemd gives a list where the unit asks for several directories.
        let cache = environment["CACHE_DIRECTORY"]?.split(separator: ":").first.map(String.init)
        let home = absolute("HOME") ?? SystemAccounts.home(of: user)
        database =
            cache.map { "\($0)/memod.db" }
            ?? absolute("XDG_CACHE_HOME").map { "\($0)/memod/memod.db" }
            ?? home.map { "\($0)/.cache/memod/memod.db" }
    }
}
