internal import Glibc
internal import MemoClient

/// How far an import of a file has come, kept beside the file until it is done.
struct ImportProgress: Equatable {
    /// The file that it is about: another one of the same name is imported from its beginning.
    var inode: Int64
    var size: Int64
    var modified: Int64
    /// Everything before this byte is stored and committed.
    var offset: Int64 = 0
    /// How many lines that is.
    var lines: Int64 = 0
    /// When the export was made, in milliseconds before the import began.
    var age: Int64 = 0

    init(of descriptor: Int32) throws {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw OutputError("the input", number: errno) }
        inode = Int64(status.st_ino)
        size = Int64(status.st_size)
        modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    }

    static func path(for file: String) -> String { file + ".import" }

    /// What an earlier run left; `nil` if there is nothing, or it is about another file.
    func earlier(at path: String) -> ImportProgress? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var reader = LineReader(descriptor)
        guard let line = try? reader.next(), line.isComplete, let object = try? Reply(parsing: line.bytes),
            object.int("inode") == inode, object.int("size") == size, object.int("modified") == modified,
            let offset = object.int("offset"), (0...size).contains(offset), let age = object.int("age_ms"),
            let lines = object.int("lines")
        else { return nil }
        var progress = self
        progress.offset = offset
        progress.lines = lines
        progress.age = age
        return progress
    }

    /// Written under another name first, so that a break leaves the old one or the new one.
    func save(at path: String) throws {
        let descriptor = open(path + "~", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw OutputError("\(path) cannot be written", number: errno) }
        defer { close(descriptor) }
        let members = [
            ("inode", inode), ("size", size), ("modified", modified), ("offset", offset), ("lines", lines),
            ("age_ms", age),
        ]
        let text = JSONText(members: members.map { ($0.0, JSONText($0.1)) })
        try Output(descriptor: descriptor, name: path).write(text.bytes + [0x0A])
        guard rename(path + "~", path) == 0 else {
            throw OutputError("\(path) cannot be written", number: errno)
        }
    }
}
