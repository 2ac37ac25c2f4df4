internal import Glibc

/// Moves a damaged database out of the way, together with its log, to `<database>.corrupt-<UTC time>-<n>`. No two ever
/// have the same name. Two are kept at most: the one that has most in it, which may be all that is left of a cache when
/// several losses follow each other, and the newest.
enum Quarantine {
    private static let suffix = ".corrupt-"
    private static let parts = ["", "-wal", "-shm"]

    /// - Returns: the path that it is at now, or `nil` if there was nothing to move.
    static func moveAside(_ path: DatabasePath) throws(ColdError) -> String? {
        let target = unusedName(path)
        var moved = false
        // The log first: without it the database may be incomplete, but never mistaken for a sound one with
        // another's log.
        for part in ["-wal", ""] {
            if rename(path.database + part, target + part) == 0 {
                moved = true
            } else if errno != ENOENT {
                throw ColdError(errno: errno, doing: "move \(path.database + part) aside")
            }
        }
        unlink(path.sharedMemory)
        guard moved else { return nil }
        let kept = find(path)
        let fullest = kept.max { $0.bytes < $1.bytes }
        let newest = kept.last { $0.name != fullest?.name }
        for one in kept where one.name != fullest?.name && one.name != newest?.name { remove(one) }
        return target
    }

    /// The disk is short: only the one that has most in it stays.
    /// - Returns: whether there were others.
    static func deleteAllButFullest(_ path: DatabasePath) -> Bool {
        let kept = find(path)
        guard kept.count > 1, let fullest = kept.max(by: { $0.bytes < $1.bytes }) else { return false }
        for one in kept where one.name != fullest.name { remove(one) }
        return true
    }

    private struct MovedAside {
        /// With its directory.
        var name: String
        var bytes: Int64
        var order: (stamp: String, number: Int)
    }

    private static func remove(_ one: MovedAside) {
        for part in parts { unlink(one.name + part) }
    }

    private static func unusedName(_ path: DatabasePath) -> String {
        let stamp = stamp()
        let used = find(path).map { $0.order.stamp == stamp ? $0.order.number : 0 }
        return "\(path.database)\(suffix)\(stamp)-\((used.max() ?? 0) + 1)"
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

    /// All there are, the oldest first.
    private static func find(_ path: DatabasePath) -> [MovedAside] {
        guard let directory = opendir(path.directory) else { return [] }
        defer { closedir(directory) }
        var found: [String: MovedAside] = [:]
        while let entry = readdir(directory) {
            let file = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let order = order(of: file, path.name) else { continue }
            let part = parts.dropFirst().first { file.hasSuffix($0) } ?? ""
            let name = "\(path.directory == "/" ? "" : path.directory)/\(file.dropLast(part.count))"
            let bytes = DatabaseFile(name + part)?.bytes ?? 0
            found[name, default: MovedAside(name: name, bytes: 0, order: order)].bytes += bytes
        }
        return found.values.sorted { $0.order < $1.order }
    }

    /// - Returns: `nil` unless `name` is the database's, the suffix, a stamp and a number, which older ones lack: nothing
    ///   else is ever removed.
    private static func order(of name: String, _ database: String) -> (stamp: String, number: Int)? {
        guard name.hasPrefix(database + suffix) else { return nil }
        var rest = name.dropFirst(database.count + suffix.count)
        for part in parts.dropFirst() where rest.hasSuffix(part) { rest = rest.dropLast(part.count) }
        let pattern = "ddddddddTddddddZ"
        let stamp = rest.prefix(pattern.count)
        guard stamp.count == pattern.count,
            zip(stamp, pattern).allSatisfy({ $1 == "d" ? $0.isASCII && $0.isNumber : $0 == $1 })
        else { return nil }
        let number = rest.dropFirst(pattern.count)
        if number.isEmpty { return (String(stamp), 0) }
        guard number.first == "-", number.dropFirst().allSatisfy({ $0.isASCII && $0.isNumber }) else {
            return nil
        }
        return Int(number.dropFirst()).map { (String(stamp), $0) }
    }
}
