internal import Glibc
internal import SQLite

/// A consistent copy of the live database: one snapshot, read through a connection of its own while the writer
/// goes on committing.
enum ColdBackup {
    /// 2 MiB, between which it may be cancelled.
    private static let pagesPerStep = 256
    /// While the snapshot is held the log cannot start over. At this size the backup gives up.
    static let logBytesMax: Int64 = 1 << 30

    /// - Parameters:
    ///   - target: an absolute path at which there is nothing; its directory exists.
    ///   - isCancelled: asked before every step.
    /// - Throws: `.refused` for a path that is not so. Whatever is thrown, nothing is left at `target`.
    static func write(
        _ source: DatabasePath, to target: String, isCancelled: () -> Bool
    ) throws(ColdError) {
        let target = try resolve(target)
        let descriptor = open(target, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            if errno == EEXIST { throw ColdError(.refused, "\(target) exists already") }
            throw ColdError(errno: errno, doing: "make \(target)")
        }
        defer { close(descriptor) }
        let made = DatabaseFile(target)
        do {
            try copy(source, to: target, isCancelled)
            guard let made, made.isStill(at: target) else {
                throw ColdError(.other, "\(target) was replaced while it was written")
            }
            guard fsync(descriptor) == 0 else { throw ColdError(errno: errno, doing: "sync \(target)") }
        } catch {
            for part in ["-journal", "-wal", "-shm"] { unlink(target + part) }
            if let made, made.isStill(at: target) { unlink(target) }
            throw ColdError(any: error)
        }
    }

    /// The path with the links in its directory, but not its last part, followed.
    private static func resolve(_ target: String) throws(ColdError) -> String {
        guard target.hasPrefix("/"), !target.utf8.contains(0), let slash = target.lastIndex(of: "/") else {
            throw ColdError(.refused, "a backup needs an absolute path")
        }
        let name = target[target.index(after: slash)...]
        guard !name.isEmpty, name != ".", name != ".." else {
            throw ColdError(.refused, "\(target) does not name a file")
        }
        let parent = slash == target.startIndex ? "/" : String(target[..<slash])
        guard let resolved = realpath(parent, nil) else { throw ColdError(errno: errno, doing: parent) }
        defer { free(resolved) }
        let directory = String(cString: resolved)
        return directory == "/" ? "/\(name)" : "\(directory)/\(name)"
    }

    private static func copy(
        _ source: DatabasePath, to target: String, _ isCancelled: () -> Bool
    ) throws {
        let from = try Connection.reader(source)
        let to = try Connection(path: target, mode: .readWrite)
        // Synced once, when it is complete; a copy cut short is removed.
        try to.execute("PRAGMA synchronous = off; PRAGMA journal_mode = off")
        try from.execute("BEGIN")
        // The snapshot is taken by the first read.
        _ = try from.integer("SELECT count(*) FROM migration")
        do {
            let backup = try Backup(from: from, to: to)
            repeat {
                if isCancelled() { throw ColdError(.cancelled, "the backup was cancelled") }
                guard DatabaseFile(source.log)?.bytes ?? 0 < logBytesMax else {
                    throw ColdError(.other, "too much was written while the backup was made; try again")
                }
            } while try !backup.step(pages: pagesPerStep)
        }
        try from.execute("COMMIT")
        // The copy goes its own way: it is not what a witness beside some other database speaks of.
        let meta = try MetaTable(to)
        try meta.save(.first(), meta.commit().clock)
        // One file that can be opened if nothing can be written.
        try to.execute("PRAGMA journal_mode = delete")
    }
}
