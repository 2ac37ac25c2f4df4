internal import Glibc
internal import SQLite

/// How a database is opened at a start, and a new one made.
extension ColdDatabase {
    struct Opened {
        let writer: ColdWriter
        let file: DatabaseFile
        /// Commits up to this one are surely on the disk.
        var synced: UInt64 = 0
        var remarks: [String] = []
        var quarantined: (path: String, reason: String)?

        init(_ writer: ColdWriter, at path: DatabasePath) throws(ColdError) {
            guard let file = DatabaseFile(path.database) else {
                throw ColdError(.other, "\(path.database) went away while it was opened")
            }
            self.writer = writer
            self.file = file
        }
    }

    /// How often what fails is tried: an error of the disk is no damage, and may be over.
    private static let triesMax = 5

    static func open(
        _ path: DatabasePath, _ options: ColdOptions, _ witness: CommitWitness, boot: UInt64, wallMs: Int64
    ) throws(ColdError) -> Opened {
        var tries = 1
        var wasDamaged = false
        while true {
            do throws(ColdError) {
                if let opened = try openAsLeft(
                    path, options, witness, boot: boot, wallMs: wallMs, isLast: tries == triesMax)
                {
                    return opened
                }
                return try replace(path, options, "its log was there without it", wallMs: wallMs)
            } catch {
                switch error.failure {
                case .corrupt:
                    // Only what was found so twice is damaged.
                    if wasDamaged { return try replace(path, options, error.message, wallMs: wallMs) }
                    wasDamaged = true
                case .io where tries < triesMax:
                    usleep(UInt32(tries) * 20_000)
                    tries += 1
                case .io:
                    throw ColdError(
                        .io, "\(path.database) cannot be read, and was left as it is: \(error.message)")
                default: throw error
                }
            }
        }
    }

    /// - Returns: `nil` if there is no database.
    private static func openAsLeft(
        _ path: DatabasePath, _ options: ColdOptions, _ witness: CommitWitness, boot: UInt64, wallMs: Int64,
        isLast: Bool
    ) throws(ColdError) -> Opened? {
        switch try preflight(path, options) {
        case .absent: return nil
        case .damaged(let what): throw ColdError(.corrupt, what)
        case .sound, .foreign: break
        }
        let writer = try ColdWriter(path, options, wallMs: wallMs)
        var opened = try Opened(writer, at: path)
        opened.remarks = writer.remarks
        try writer.checkEdge()
        // A witness that cannot be read for long keeps no one from a database that can.
        let left = isLast ? try? witness.read() : try witness.read()
        guard writer.isMarked, let left else { return opened }
        let found = writer.chain.newest
        // What is there after another boot is on the disk.
        opened.synced = left.boot == boot ? left.synced : found.number
        switch left.judge(found, boot: boot) {
        case .asLeft: break
        case .lostByPower(let count):
            opened.remarks.append(
                "the newest \(count) commits before the machine went down never reached the disk; "
                    + "all before them did")
        case .unknown(let why):
            opened.remarks.append("\(path.database): \(why)")
            opened.synced = 0
        case .damaged(let what): throw ColdError(.corrupt, "it is not as it was left: \(what)")
        }
        return opened
    }

    /// Moves what is there aside and opens an empty database.
    private static func replace(
        _ path: DatabasePath, _ options: ColdOptions, _ reason: String, wallMs: Int64
    ) throws(ColdError) -> Opened {
        let moved = try Quarantine.moveAside(path)
        try create(path, options, wallMs: wallMs)
        var opened = try Opened(ColdWriter(path, options, wallMs: wallMs), at: path)
        opened.quarantined = moved.map { ($0, reason) }
        return opened
    }

    /// Looks at the file without changing anything, not even making a log beside it.
    private static func preflight(
        _ path: DatabasePath, _ options: ColdOptions
    ) throws(ColdError) -> DatabaseFile.State {
        let state = try DatabaseFile.inspect(path)
        guard state == .sound || state == .foreign else { return state }
        let verdict: ColdError?
        do {
            let connection = try Connection(path: path.database, mode: .immutable)
            _ = try options.schema.verify(connection)
            verdict = nil
        } catch {
            verdict = ColdError(any: error)
        }
        switch (state, verdict?.failure) {
        case (.foreign, nil): return .damaged("its application id is damaged")
        case (.foreign, _): throw ColdError(.refused, "\(path.database) is a database of another program")
        case (_, nil): return state
        case (_, .corrupt?):
            // With a log the file alone may make no sense; the writer looks again with both.
            guard DatabaseFile(path.log).map({ $0.bytes > 0 }) ?? false else {
                return .damaged(verdict?.message ?? "")
            }
            return state
        default: throw verdict ?? ColdError(.other, "")
        }
    }

    /// Makes the new database under another name and moves it into place when it is complete, so that an empty
    /// file under the real name is always damage.
    /// - Parameter seed: of the keys' hash; another one if there is none.
    static func create(
        _ path: DatabasePath, _ options: ColdOptions, wallMs: Int64, seed: [UInt64]? = nil
    ) throws(ColdError) {
        for leftover in [path.new, path.new + "-wal", path.new + "-shm", path.new + "-journal"] {
            unlink(leftover)
        }
        let descriptor = Glibc.open(path.new, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ColdError(errno: errno, doing: "make \(path.new)") }
        Glibc.close(descriptor)
        // That the old one was moved aside has to be on the disk first: its log beside a new database would be replayed.
        try syncDirectory(path)
        try ColdWriter.create(path.new, options, wallMs: wallMs, seed: seed ?? MetaTable.randomSeed())
        guard rename(path.new, path.database) == 0 else {
            throw ColdError(errno: errno, doing: "make \(path.database)")
        }
        try syncDirectory(path)
    }

    private static func syncDirectory(_ path: DatabasePath) throws(ColdError) {
        let descriptor = Glibc.open(path.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ColdError(errno: errno, doing: "open \(path.directory)") }
        defer { Glibc.close(descriptor) }
        // Some file systems cannot sync a directory, and say so with EINVAL.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw ColdError(errno: errno, doing: "sync \(path.directory)")
        }
    }
}
