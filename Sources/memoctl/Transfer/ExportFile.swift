internal import Glibc
internal import MemoClient

/// The file that an export is written to: under another name until it is whole, and continued where a broken one
/// stopped.
final class ExportFile {
    private let path: String
    private let partialPath: String
    private let descriptor: Int32
    /// Where a broken export stands; `nil`: this one begins.
    let position: Exporter.Position?

    /// - Parameters:
    ///   - instance: of the daemon: if another one stood within a function is no use.
    ///   - only: the functions; empty: all. An export of others is no use either.
    init(path: String, instance: String, only: [String]) throws {
        self.path = path
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw OutputError("\(path) cannot be written", number: EISDIR)
        }
        partialPath = path + ".part"
        let descriptor = open(partialPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw OutputError("\(partialPath) cannot be written", number: errno) }
        self.descriptor = descriptor
        // Two exports into one file would write into each other.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            close(descriptor)
            throw OutputError("\(partialPath) is being written by another export", number: number)
        }
        do {
            position = try Self.recover(descriptor, instance, only)
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit {
        close(descriptor)
    }

    func write(_ bytes: [UInt8]) throws {
        try Output(descriptor: descriptor, name: partialPath).write(bytes)
    }

    /// Gives the file its name, once everything is on disk.
    func finish() throws {
        guard fsync(descriptor) == 0, rename(partialPath, path) == 0 else {
            throw OutputError("\(path) cannot be written", number: errno)
        }
    }

    /// Cuts off what follows the last line that says how far the export has come.
    private static func recover(
        _ descriptor: Int32, _ instance: String, _ only: [String]
    ) throws -> Exporter.Position? {
        var position: Exporter.Position?
        var whole: Int64 = 0
        var reader = LineReader(descriptor)
        while let line = try reader.next() {
            guard line.isComplete, let object = try? Reply(parsing: line.bytes) else { break }
            if object["memod_export"] != nil, object["only"] != Exporter.selection(only) { break }
            if let function = object.string("done") {
                let next = object.string("next")
                guard next == nil || object.string("instance") == instance else { continue }
                position = Exporter.Position(function: function, next: next)
                whole = reader.offset
            }
        }
        guard ftruncate(descriptor, off_t(whole)) == 0, lseek(descriptor, off_t(whole), SEEK_SET) >= 0 else {
            throw OutputError("the export cannot be continued", number: errno)
        }
        return position
    }
}
