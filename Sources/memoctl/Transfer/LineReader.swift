internal import Glibc

/// Reads lines from a descriptor.
struct LineReader {
    struct Line {
        let bytes: [UInt8]
        /// Whether it ended with a line feed: the last one of a broken file may not.
        let isComplete: Bool
    }

    /// A longer line cannot be a request.
    private static let maximumBytes = 1 << 30

    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var position = 0
    /// Bytes up to the end of the last line that was handed out.
    private(set) var offset: Int64 = 0

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    mutating func next() throws -> Line? {
        var searched = position
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                let line = Array(buffer[position..<end])
                offset += Int64(end + 1 - position)
                position = end + 1
                return Line(bytes: line, isComplete: true)
            }
            buffer.removeFirst(position)
            searched = buffer.count
            position = 0
            guard buffer.count <= Self.maximumBytes else {
                throw OutputError("a line of the input", number: EFBIG)
            }
            guard try fill() else {
                guard !buffer.isEmpty else { return nil }
                let line = Line(bytes: buffer, isComplete: false)
                offset += Int64(buffer.count)
                buffer = []
                return line
            }
        }
    }

    /// Skips what was read in an earlier run.
    mutating func skip(to offset: Int64) throws {
        guard lseek(descriptor, off_t(offset), SEEK_SET) >= 0 else {
            throw OutputError("the input", number: errno)
        }
        self.offset = offset
    }

    private mutating func fill() throws -> Bool {
        while true {
            let count = withUnsafeTemporaryAllocation(byteCount: 256 * 1024, alignment: 16) { part in
                let count = read(descriptor, part.baseAddress, part.count)
                if count > 0 { buffer.append(contentsOf: UnsafeRawBufferPointer(rebasing: part[..<count])) }
                return count
            }
            if count >= 0 { return count > 0 }
            guard errno == EINTR else { throw OutputError("the input cannot be read", number: errno) }
        }
    }
}
