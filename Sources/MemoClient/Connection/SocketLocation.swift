internal import Glibc
internal import Platform

/// Where a client looks for the daemon's socket, in order.
public struct SocketLocation: Sendable, Equatable {
    /// What the path must be, beyond accepting connections, before a client connects to it.
    public enum Requirement: Sendable, Equatable {
        case none
        /// The directory it is in must be the user's own, a real one, and closed to everyone else.
        case privateDirectory
    }

    public let path: String
    public let requirement: Requirement
    /// Where the path comes from, for a person: `--socket`, `$MEMOD_SOCKET`, …
    public let origin: String

    public init(path: String, requirement: Requirement = .none, origin: String) {
        self.path = path
        self.requirement = requirement
        self.origin = origin
    }

    /// The places for one user: only `$MEMOD_SOCKET` if it is set, since that names a daemon and another
    /// must not stand in for it; else the user's runtime directory, the system's, and the directory in `/tmp`.
    /// - Parameters:
    ///   - environment: looks up a variable; `nil` or empty if it is not set.
    ///   - uid: the user for whom it looks.
    public static func candidates(environment: (String) -> String?, uid: UInt32) -> [SocketLocation] {
        if let path = environment("MEMOD_SOCKET"), !path.isEmpty {
            return [SocketLocation(path: path, origin: "$MEMOD_SOCKET")]
        }
        var locations: [SocketLocation] = []
        if let directory = environment("XDG_RUNTIME_DIR"), directory.hasPrefix("/") {
            locations.append(
                SocketLocation(path: directory + "/memod/memod.sock", origin: "$XDG_RUNTIME_DIR"))
        }
        locations.append(SocketLocation(path: "/run/memod/memod.sock", origin: "the system's daemon"))
        locations.append(
            SocketLocation(
                path: "/tmp/memod-\(uid)/memod.sock", requirement: .privateDirectory,
                origin: "the user's daemon"))
        return locations
    }

    /// The places for the user and the environment of this process.
    public static func candidates() -> [SocketLocation] {
        candidates(environment: { name in getenv(name).map { String(cString: $0) } }, uid: getuid())
    }

    /// Why nothing may be connected to at this place, or `nil` if it may be tried.
    func refusal(uid: UInt32) -> String? {
        guard !path.isEmpty else { return "an empty path" }
        guard path.utf8.count <= UnixSocketAddress.pathBytesMax else {
            return "longer than the \(UnixSocketAddress.pathBytesMax) bytes that a socket's path may have"
        }
        guard !path.utf8.contains(0) else { return "contains a NUL" }
        guard requirement == .privateDirectory else { return nil }
        let directory = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        var status = stat()
        guard lstat(directory, &status) == 0 else {
            return SystemCallError("lstat", number: errno).reason
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return "\(directory) is not a directory" }
        guard status.st_uid == uid else { return "\(directory) belongs to another user" }
        guard status.st_mode & 0o777 == 0o700 else { return "\(directory) is open to other users" }
        return nil
    }
}
