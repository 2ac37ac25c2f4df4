internal import Glibc
internal import MemoStore
internal import Platform

/// Where a daemon that a client started keeps its data if the usual place does not do: no one chose that place, and
/// no one is there to choose another.
enum DatabaseFallback {
    /// How a client says that it started the daemon.
    static let variable = "MEMOD_AUTOSTART"

    /// Another place after an error, or `nil` if there is none to try.
    /// - Throws: if the other place is not this user's.
    static func path(after error: ColdError, from path: String) throws -> String? {
        switch error.failure {
        case .network:
            let directory = "/var/tmp/memod-\(geteuid())"
            try SocketDirectory.prepare(directory, isDefault: true, mustBePrivate: true)
            return directory + "/memod.db"
        case .newer:
            let stem = path.hasSuffix(".db") ? String(path.dropLast(3)) : path
            return "\(stem)-\(Store.schemaVersion).db"
        default: return nil
        }
    }
}
