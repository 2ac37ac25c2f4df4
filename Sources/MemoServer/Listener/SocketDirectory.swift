internal import Glibc
internal import Platform

/// The directory a socket is put in: it must be such that no one else can exchange what is in it.
enum SocketDirectory {
    /// Creates the directory of a default path where it is missing, and checks it.
    /// - Parameter isOurs: whether it must be a real directory of this user that no one else can look into, as the
    ///   one in /tmp must.
    static func prepare(_ path: String, isDefault: Bool, mustBePrivate: Bool) throws(ListenerError) {
        if isDefault, mkdir(path, 0o700) != 0, errno != EEXIST {
            throw ListenerError("cannot make the directory \(path): \(SystemError.last)")
        }
        var status = stat()
        guard (mustBePrivate ? lstat(path, &status) : stat(path, &status)) == 0 else {
            throw ListenerError("\(path): \(SystemError.last)")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw ListenerError("\(path) is not a directory") }
        if mustBePrivate {
            guard status.st_uid == geteuid() else {
                throw ListenerError(
                    "\(path) belongs to user \(status.st_uid), not to \(geteuid()); set --socket")
            }
            guard status.st_mode & 0o777 == 0o700 else {
                throw ListenerError(
                    "\(path) has mode 0\(String(status.st_mode & 0o777, radix: 8)), it must be 0700; set --socket"
                )
            }
        } else if status.st_mode & 0o002 != 0, status.st_mode & UInt32(S_ISVTX) == 0 {
            throw ListenerError("anyone may exchange files in \(path): it is writable by all and not sticky")
        }
    }

    /// The directory part of a path.
    static func parent(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.utf8.startIndex ? "/" : String(path[..<slash])
    }
}
