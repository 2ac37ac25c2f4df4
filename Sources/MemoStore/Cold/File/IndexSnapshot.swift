internal import Glibc

/// The directory as one file beside the database, written at a clean end and read at the next start, where reading
/// the database's heads of millions of entries would take seconds. It is valid for exactly the state that the
/// database was left in: both carry the same stamp, and the database's is taken away by its next commit.
///
/// Layout: `Header`, then functions, garbage rows, tags with their members, the slab. Little-endian as memory is;
/// a file from another kind of machine fails its checksum or its magic and is not used.
enum IndexSnapshot {
    struct Header: BitwiseCopyable {
        var magic: UInt64 = 0x3378_6469_646f_6d65
        var stamp: (UInt64, UInt64)
        var entryStride: UInt64 = UInt64(MemoryLayout<Entry>.stride)
        var slots: UInt64
        var live: UInt64
        var uses: UInt64
        var coldBytes: UInt64
        var functions: UInt64
        var garbage: UInt64
        var tags: UInt64
        var journalRows: UInt64
        var sharedValues: UInt64
        var sharedReferences: UInt64
        var sharedSavedBytes: Int64
        /// Over all that follows the header, with the header's other fields as seed.
        var checksum: UInt64 = 0
    }

    struct Function: BitwiseCopyable {
        var id: UInt32
        var oldest: Slot
        var newest: Slot
        var isLive: UInt32
        var count: UInt64
    }

    struct Tag: BitwiseCopyable {
        var id: UInt64
        var members: UInt64
    }

    /// Where it is.
    static func path(_ database: DatabasePath) -> String { database.database + ".index" }

    static func seed(_ header: Header) -> UInt64 {
        var header = header
        header.checksum = 0
        return withUnsafeBytes(of: &header) { Checksum.of($0, seed: 1) }
    }

    /// Writes the parts one after another to a new file and moves it into place.
    /// - Returns: whether it is there, whole.
    static func write(_ header: Header, _ parts: [UnsafeRawBufferPointer], to path: String) -> Bool {
        var header = header
        header.checksum = parts.reduce(seed(header)) { Checksum.of($1, seed: $0) }
        let new = path + ".new"
        unlink(new)
        let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        let isWritten =
            withUnsafeBytes(of: &header) { put($0, descriptor) } && parts.allSatisfy { put($0, descriptor) }
        close(descriptor)
        guard isWritten, rename(new, path) == 0 else {
            unlink(new)
            return false
        }
        return true
    }

    private static func put(_ bytes: UnsafeRawBufferPointer, _ descriptor: Int32) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
            if count <= 0 { return false }
            done += count
        }
        return true
    }

    /// Reads a file that was opened, part by part.
    struct Reader: ~Copyable {
        private let descriptor: Int32
        private var left: Int

        init?(_ path: String) {
            descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
            var status = stat()
            guard descriptor >= 0, fstat(descriptor, &status) == 0, status.st_uid == geteuid() else {
                if descriptor >= 0 { close(descriptor) }
                return nil
            }
            left = Int(status.st_size)
        }

        deinit { close(descriptor) }

        /// Fills `bytes`; false if there are not this many left.
        mutating func read(into bytes: UnsafeMutableRawBufferPointer) -> Bool {
            guard bytes.count <= left else { return false }
            var done = 0
            while done < bytes.count {
                let count = Glibc.read(descriptor, bytes.baseAddress! + done, bytes.count - done)
                if count <= 0 { return false }
                done += count
            }
            left -= done
            return true
        }

        /// As many elements as the file still may have.
        mutating func array<Element: BitwiseCopyable>(_ count: UInt64, of zero: Element) -> [Element]? {
            guard count <= UInt64(left / MemoryLayout<Element>.stride) else { return nil }
            var elements = Array(repeating: zero, count: Int(count))
            let isRead = elements.withUnsafeMutableBytes { read(into: $0) }
            return isRead ? elements : nil
        }

        var isAtEnd: Bool { left == 0 }
    }
}
