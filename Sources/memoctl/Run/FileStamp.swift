internal import Glibc

/// What changes when a file's content does.
struct FileStamp: Equatable {
    let text: String
    /// When it last changed, by the clock of the file system.
    private let changed: timespec
    let size: Int64

    static func == (left: FileStamp, right: FileStamp) -> Bool { left.text == right.text }

    init?(_ path: [UInt8]) {
        var status = stat()
        let isThere = (path + [0]).withUnsafeBytes {
            stat($0.bindMemory(to: CChar.self).baseAddress!, &status) == 0
        }
        guard isThere else { return nil }
        self.init(status)
    }

    init?(_ descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        let (modified, changed) = (status.st_mtim, status.st_ctim)
        text =
            "\(status.st_dev) \(status.st_ino) \(status.st_size) \(modified.tv_sec).\(modified.tv_nsec) "
            + "\(changed.tv_sec).\(changed.tv_nsec)"
        self.changed = changed
        size = Int64(status.st_size)
    }

    /// Whether another change would be seen: one that comes within the same tick of the clock leaves the same times.
    var isSettled: Bool {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return now.tv_sec - changed.tv_sec > Self.settlingSeconds
    }

    private static let settlingSeconds = 2
}
