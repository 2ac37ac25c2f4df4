internal import Glibc
internal import Platform

/// What would be started for this user, and where.
package struct StartPlan {
    let program: String
    let arguments: [String]
    package let socket: String
    /// Whether someone said which socket.
    let isNamed: Bool
    /// Held by whoever starts.
    var lock: String { socket + ".start" }
    let log: String
    /// `NAME=value`.
    let environment: [String]

    static let idleExit = "1h"
    /// What a started daemon is given of this process's environment, beside XDG_* and its own settings.
    private static let kept = ["HOME", "PATH", "LANG", "TZ"]
    /// memod's settings by their variables. What is a client's own affair is not among them.
    static let settings = [
        "ADMIN_GROUP", "ALLOW_GROUP", "ALLOW_USER", "COLD_BYTES", "CONFIG", "DATABASE", "DURABILITY",
        "FLUSH_INTERVAL", "HOT_BYTES", "IDLE_EXIT", "INTERNING", "IO_THREADS", "ISOLATION", "LOG_LEVEL",
        "MAX_CONNECTIONS", "MAX_LINE", "REMOTE", "REMOTE_BUDGET", "REMOTE_CA_FILE",
        "REMOTE_CERTIFICATE_FILE", "REMOTE_CERTIFICATE_KEY_FILE", "REMOTE_FUNCTIONS", "REMOTE_KEY_FILE",
        "REMOTE_MODE", "REMOTE_NAMESPACE", "REMOTE_PASSWORD_FILE", "REMOTE_QUEUE", "REMOTE_URL",
        "REMOTE_VALUE_MAX", "SHARED", "SHARED_BYTES", "SOCKET_MODE",
    ].map { "MEMOD_" + $0 }

    /// Makes the directories that are missing.
    /// - Parameter socket: where the daemon is to listen; `nil`: where daemons do.
    /// - Throws: why nothing may be started.
    package init(socket named: String? = nil) throws(MemoError) {
        let uid = getuid()
        guard uid == geteuid(), getgid() == getegid() else {
            throw Self.refusal("a program that runs with another user's rights starts no memod")
        }
        let variables = Environment.variables
        let found = DaemonProgram.find(path: variables["PATH"])
        guard let program = found.program else {
            throw Self.refusal(
                found.distrusted.isEmpty
                    ? "there is no memod to start, neither beside this program nor on PATH"
                    : "the memod that is there is not started: " + found.distrusted.joined(separator: "; "))
        }
        self.program = program
        let runtime = Self.runtime(variables)
        isNamed = named != nil
        socket = named ?? Self.defaultSocket(runtime)
        let cache = try Self.cache(variables, uid: uid)
        if named == nil { try Self.make(DaemonProgram.parent(socket)) }
        try Self.make(cache)
        try Self.checkOwner(cache, uid: uid)
        log = cache + "/memod.log"
        arguments = ["--idle-exit", Self.idleExit] + (named.map { ["--socket", $0] } ?? [])
        var environment: [String] = []
        for (name, value) in variables {
            guard Self.kept.contains(name) || name.hasPrefix("XDG_") || Self.settings.contains(name) else {
                continue
            }
            if name == "XDG_RUNTIME_DIR" && runtime == nil { continue }
            environment.append("\(name)=\(value)")
        }
        // Tells the daemon that where it keeps its data was no one's decision.
        self.environment = environment + ["MEMOD_AUTOSTART=1"]
    }

    /// Where a daemon of this user listens when no one says.
    static var defaultSocket: String { defaultSocket(runtime(Environment.variables)) }

    private static func defaultSocket(_ runtime: String?) -> String {
        (runtime.map { $0 + "/memod" } ?? "/tmp/memod-\(getuid())") + "/memod.sock"
    }

    /// The runtime directory, if it is one of this user's.
    private static func runtime(_ variables: [String: String]) -> String? {
        guard let directory = variables["XDG_RUNTIME_DIR"], directory.hasPrefix("/"),
            owner(directory) == getuid()
        else { return nil }
        return directory
    }

    private static func cache(_ variables: [String: String], uid: uid_t) throws(MemoError) -> String {
        var home = variables["HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        if home == nil, let user = getpwuid(uid) { home = String(cString: user.pointee.pw_dir) }
        guard let home else { throw refusal("memod was not started: this user has no home directory") }
        try checkOwner(home, uid: uid)
        let cache = variables["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? home + "/.cache"
        try checkOwner(cache, uid: uid)
        return cache + "/memod"
    }

    private static func checkOwner(_ directory: String, uid: uid_t) throws(MemoError) {
        // What is not there yet is made, or fails to be.
        guard let owner = owner(directory), owner != uid else { return }
        throw refusal(
            "memod was not started: \(directory) belongs to uid \(owner), not to this user (\(uid))")
    }

    private static func owner(_ directory: String) -> uid_t? {
        var status = stat()
        return stat(directory, &status) == 0 ? status.st_uid : nil
    }

    private static func make(_ directory: String) throws(MemoError) {
        var status = stat()
        if stat(directory, &status) == 0 { return }
        let parent = DaemonProgram.parent(directory)
        if parent != directory { try make(parent) }
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
            throw refusal(
                "memod was not started: \(directory) cannot be made: \(SystemCallError("mkdir", number: errno).reason)"
            )
        }
    }

    static func refusal(_ reason: String) -> MemoError { MemoError(.notStarted, reason) }
}
