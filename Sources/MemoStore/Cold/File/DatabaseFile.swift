internal import Glibc

/// The database file as it lies on the disk, looked at before SQLite opens it. While a connection is open
/// nothing here opens the file: closing it would drop the connection's locks.
struct DatabaseFile: Sendable, Equatable {
    /// "memo", in the header's application id.
    static let applicationID: UInt32 = 0x6D65_6D6F
    private static let headerBytes = 100

    enum State: Equatable {
        case absent
        case sound
        /// Why it cannot be a database that was written to the end.
        case damaged(String)
        /// A database whose application id is not ours.
        case foreign
    }

    let device: UInt64
    let inode: UInt64
    let bytes: Int64

    /// The file at `path` itself; a link is not followed.
    /// - Returns: `nil` if there is none.
    init?(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// An open file, wherever it is by now.
    init?(descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        bytes = Int64(status.st_size)
    }

    /// Whether it is still the file at its path, and no other one.
    func isStill(at path: String) -> Bool { DatabaseFile(path)?.isSame(as: self) ?? false }

    /// Whether it is the same file, however long it is.
    func isSame(as other: DatabaseFile) -> Bool { device == other.device && inode == other.inode }

    /// Reads the header.
    ///
    /// - Throws: `.refused` for what is no file of ours to open: a link, a directory, someone else's file.
    static func inspect(_ path: DatabasePath) throws(ColdError) -> State {
        var status = stat()
        guard lstat(path.database, &status) == 0 else {
            guard errno == ENOENT else { throw ColdError(errno: errno, doing: path.database) }
            return .absent
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFLNK: throw ColdError(.refused, "\(path.database) is a symbolic link")
        default: throw ColdError(.refused, "\(path.database) is not a regular file")
        }
        guard status.st_uid == geteuid() else {
            throw ColdError(.refused, "\(path.database) belongs to uid \(status.st_uid), not to \(geteuid())")
        }
        // Its log has one of the names: by another, what is in it would be missing.
        guard status.st_nlink == 1 else {
            throw ColdError(
                .refused,
                "\(path.database) has \(status.st_nlink) names (hard links): remove the others, or copy it")
        }
        let descriptor = open(path.database, O_RDWR | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw ColdError(errno: errno, doing: "open \(path.database)") }
        defer { close(descriptor) }
        guard fstat(descriptor, &status) == 0 else { throw ColdError(errno: errno, doing: path.database) }
        if status.st_mode & 0o077 != 0 { _ = fchmod(descriptor, status.st_mode & 0o700) }
        guard status.st_size > 0 else { return .damaged("it is empty") }
        var header = [UInt8](repeating: 0, count: headerBytes)
        let count = pread(descriptor, &header, header.count, 0)
        guard count >= 0 else { throw ColdError(errno: errno, doing: "read \(path.database)") }
        guard count == headerBytes else { return .damaged("it ends within its header") }
        return header.withUnsafeBytes { judge($0, bytes: Int64(status.st_size), path) }
    }

    private static func judge(_ header: UnsafeRawBufferPointer, bytes: Int64, _ path: DatabasePath) -> State {
        func word(_ offset: Int) -> UInt32 {
            UInt32(bigEndian: header.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        }
        guard header.starts(with: "SQLite format 3\0".utf8) else { return .damaged("it is not a database") }
        let encoded = UInt16(bigEndian: header.loadUnaligned(fromByteOffset: 16, as: UInt16.self))
        let pageBytes = encoded == 1 ? 65536 : Int64(encoded)
        guard pageBytes >= 512, pageBytes & (pageBytes - 1) == 0 else {
            return .damaged("its header has a page size of \(pageBytes)")
        }
        guard word(68) == applicationID else { return .foreign }
        // The page count counts where the change counter confirms it. A crash in the middle of a checkpoint
        // leaves the file short of pages that its log still has.
        let pages = Int64(word(28))
        let logged = (DatabaseFile(path.log)?.bytes ?? 0) / (pageBytes + 24)
        if word(24) == word(92), pages > 0, bytes < (pages - logged) * pageBytes {
            return .damaged("it is truncated: \(bytes) bytes of \(pages * pageBytes)")
        }
        return .sound
    }
}
