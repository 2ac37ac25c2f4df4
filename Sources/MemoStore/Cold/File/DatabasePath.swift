internal import Glibc
internal import SQLite

/// Where the database and the files beside it are.
struct DatabasePath: Sendable {
    /// Its directory has no links in it; whether the file exists is not said.
    let database: String
    let directory: String
    let name: String

    var log: String { database + "-wal" }
    var sharedMemory: String { database + "-shm" }
    var lock: String { database + ".lock" }
    var ballast: String { database + ".ballast" }
    /// Which commit was the newest.
    var witness: String { database + ".commit" }
    /// A new database until it is complete.
    var new: String { database + ".new" }

    /// Finds the directory, and makes it and those above it (0700) if they are missing.
    ///
    /// - Throws: `.refused` for a path without a file name, `.network` for one on a network file system, where neither
    ///   locks nor the write-ahead log's shared memory can be relied on.
    init(_ path: String) throws(ColdError) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        guard let last = parts.last, !path.hasSuffix("/"), last != ".", last != "..", !path.utf8.contains(0)
        else { throw ColdError(.refused, "\(path) does not name a database file") }
        let parent =
            (path.hasPrefix("/") ? "/" : "./") + parts.dropLast().joined(separator: "/")
        try Self.makeDirectories(parent)
        guard let resolved = realpath(parent, nil) else { throw ColdError(errno: errno, doing: parent) }
        defer { free(resolved) }
        directory = String(cString: resolved)
        name = String(last)
        database = directory == "/" ? "/\(name)" : "\(directory)/\(name)"
        try Self.refuseNetwork(directory)
    }

    private static func makeDirectories(_ path: String) throws(ColdError) {
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw ColdError(.refused, "\(path) is not a directory")
            }
            return
        }
        guard errno == ENOENT else { throw ColdError(errno: errno, doing: path) }
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try makeDirectories(String(path[..<slash]))
        }
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw ColdError(errno: errno, doing: "make the directory \(path)")
        }
    }

    /// Magic numbers of statfs(2). FUSE is not in the list: most of what uses it is local, and what is behind
    /// it cannot be told.
    private static let networks: [(magic: UInt32, name: String)] = [
        (0x6969, "NFS"), (0x517B, "SMB"), (0xFF53_4D42, "CIFS"), (0xFE53_4D42, "SMB2"),
        (0x0102_1997, "9P"), (0x5346_414F, "AFS"), (0x6B41_4653, "AFS"), (0x00C3_6400, "Ceph"),
        (0x7375_7245, "Coda"), (0x564C, "NCP"), (0x0BD0_0BD0, "Lustre"), (0x4750_4653, "GPFS"),
        (0x7461_636F, "OCFS2"), (0x0116_1970, "GFS2"),
    ]

    private static func refuseNetwork(_ directory: String) throws(ColdError) {
        guard let magic = FileSystem.magic(directory) else { throw ColdError(errno: errno, doing: directory) }
        if let network = networks.first(where: { $0.magic == magic }) {
            throw ColdError(
                .network,
                "\(directory) is on a network file system (\(network.name)); a database needs a local one")
        }
    }
}
