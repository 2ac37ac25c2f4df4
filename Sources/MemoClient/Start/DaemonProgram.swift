internal import CLinux
internal import Glibc

/// The `memod` that may be started for this user: where it is, and whether no one else can exchange it.
package enum DaemonProgram {
    /// The first program that may be started, and why those before it may not.
    /// - Parameter path: `PATH`, for directories beside this program's own.
    package static func find(
        _ name: String = "memod", path: String?
    ) -> (program: String?, distrusted: [String]) {
        var distrusted: [String] = []
        var seen: Set<String> = []
        for directory in directories(path: path) where directory.hasPrefix("/") {
            let program = directory == "/" ? "/\(name)" : directory + "/\(name)"
            guard seen.insert(program).inserted, access(program, X_OK) == 0 else { continue }
            guard let reason = distrust(program) else { return (program, distrusted) }
            distrusted.append(reason)
        }
        return (nil, distrusted)
    }

    /// Beside this program, then those of `PATH`.
    private static func directories(path: String?) -> [String] {
        let own = link("/proc/self/exe").map { [parent($0)] } ?? []
        return own + (path ?? "").split(separator: ":").map(String.init)
    }

    /// Why others than root and this user could have put something else there; `nil` if they could not.
    static func distrust(_ program: String) -> String? {
        guard let resolved = realpath(program, nil) else {
            return "\(program): \(SystemCallError("realpath", number: errno).reason)"
        }
        defer { free(resolved) }
        let target = String(cString: resolved)
        // A link is as good as the directory it is in, and what it leads to has to be good as well.
        for place in [parent(program), parent(target), target] {
            var status = stat()
            guard stat(place, &status) == 0 else {
                return "\(place): \(SystemCallError("stat", number: errno).reason)"
            }
            if status.st_uid != 0 && status.st_uid != getuid() {
                return "\(place) belongs to uid \(status.st_uid)"
            }
            let groupMayWrite = status.st_mode & 0o020 != 0 && !isPrivate(place, status)
            if status.st_mode & 0o002 != 0 || groupMayWrite {
                return "\(place) is writable by others (chmod go-w)"
            }
            if place == target, status.st_mode & S_IFMT != S_IFREG { return "\(program) is no file" }
        }
        return nil
    }

    /// Whether the group that may write is this user's own and has no other member, as where umask is 002.
    private static func isPrivate(_ path: String, _ status: stat) -> Bool {
        let uid = getuid()
        // With an access list the group's bits stand for whoever the list names.
        guard uid != 0, status.st_uid == uid, memod_has_access_list(path) == 0,
            let user = getpwuid(uid), user.pointee.pw_gid == status.st_gid
        else { return false }
        let name = String(cString: user.pointee.pw_name)
        guard let group = getgrgid(status.st_gid), String(cString: group.pointee.gr_name) == name else {
            return false
        }
        var member = group.pointee.gr_mem
        while let next = member?.pointee {
            if String(cString: next) != name { return false }
            member = member?.advanced(by: 1)
        }
        return true
    }

    static func parent(_ path: String) -> String {
        let directory = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
        return directory.isEmpty ? "/" : String(directory)
    }

    static func link(_ path: String) -> String? {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &target, target.count)
        guard count > 0 else { return nil }
        return String(decoding: target[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
