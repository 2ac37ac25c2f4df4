internal import Glibc

/// Moves a damaged database out of the way, together with its log, to `<database>.corrupt-<UTC time>`. Only
/// the newest one is kept.
enum Quarantine {
    private static let suffix = ".corrupt-"

    /// - Returns: the path that it is at now, or `nil` where there was nothing to move.
    static func moveAside(_ path: DatabasePath) throws(ColdError) -> String? {
        let target = path.database + suffix + stamp()
        var moved = false
        // The log first: without it the database may be incomplete, but never mistaken for a sound one with
        // another's log.
        for part in ["-wal", "-shm", ""] {
            if rename(path.database + part, target + part) == 0 {
                moved = true
            } else if errno != ENOENT {
                throw ColdError(errno: errno, doing: "move \(path.database + part) aside")
            }
        }
        guard moved else { return nil }
        removeOlder(than: target, path)
        return target
    }

    /// Such as 20260102T030405Z.
    private static func stamp() -> String {
        var now = time(nil)
        var parts = tm()
        gmtime_r(&now, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(parts.tm_year + 1900)\(two(parts.tm_mon + 1))\(two(parts.tm_mday))"
            + "T\(two(parts.tm_hour))\(two(parts.tm_min))\(two(parts.tm_sec))Z"
    }

    private static func removeOlder(than target: String, _ path: DatabasePath) {
        guard let directory = opendir(path.directory) else { return }
        defer { closedir(directory) }
        let kept = target.dropFirst(path.directory == "/" ? 1 : path.directory.utf8.count + 1)
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        for name in names where isOurs(name, path.name) && !name.hasPrefix(kept) {
            unlink("\(path.directory)/\(name)")
        }
    }

    /// Whether `name` is the database's, the suffix, and a stamp: nothing else is ever removed.
    private static func isOurs(_ name: String, _ database: String) -> Bool {
        guard name.hasPrefix(database + suffix) else { return false }
        var rest = name.dropFirst(database.count + suffix.count)
        for part in ["-wal", "-shm"] where rest.hasSuffix(part) { rest = rest.dropLast(part.count) }
        let pattern = Array("dddddddd.dddddd.")
        return rest.count == pattern.count
            && zip(rest, pattern).allSatisfy {
                $1 == "d" ? $0.isASCII && $0.isNumber : $0 == "T" || $0 == "Z"
            }
    }
}
