internal import Glibc

/// A damaged database that the daemon moved out of its way, with its log: `DATABASE.corrupt-20260102T030405Z-1`.
struct MovedAside {
    let path: String
    /// When, as its name says it.
    let stamp: String
    /// Together with its log.
    let bytes: Int64

    /// Those beside a database, oldest first; none if this user may not look there.
    static func find(beside database: String) -> [MovedAside] {
        // A relative path begins where the daemon was started.
        guard database.first == "/", let slash = database.lastIndex(of: "/") else { return [] }
        let directory = String(database[...slash])
        let prefix = String(database[database.index(after: slash)...]) + ".corrupt-"
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var sizes: [String: Int64] = [:]
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasPrefix(prefix) else { continue }
            var stamp = name.dropFirst(prefix.count)
            for part in ["-wal", "-shm"] where stamp.hasSuffix(part) { stamp = stamp.dropLast(part.count) }
            var status = stat()
            guard isStamp(stamp), lstat(directory + name, &status) == 0 else { continue }
            sizes[String(stamp), default: 0] += Int64(status.st_size)
        }
        return sizes.sorted { $0.key < $1.key }.map { stamp, bytes in
            MovedAside(path: database + ".corrupt-" + stamp, stamp: stamp, bytes: bytes)
        }
    }

    /// `2026-01-02 03:04:05 UTC`.
    var time: String {
        let digits = Array(stamp.prefix { $0 != "-" }.filter(\.isNumber))
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        return "\(part(0..<4))-\(part(4..<6))-\(part(6..<8)) "
            + "\(part(8..<10)):\(part(10..<12)):\(part(12..<14)) UTC"
    }

    private static func isStamp(_ text: Substring) -> Bool {
        let pattern = "ddddddddTddddddZ"
        let number = text.dropFirst(pattern.count)
        // Those of an older daemon have no number.
        guard
            number.isEmpty
                || (number.first == "-" && number.dropFirst().allSatisfy { $0.isASCII && $0.isNumber })
        else { return false }
        return text.count >= pattern.count
            && zip(text, pattern).allSatisfy { $1 == "d" ? $0.isASCII && $0.isNumber : $0 == $1 }
    }
}
