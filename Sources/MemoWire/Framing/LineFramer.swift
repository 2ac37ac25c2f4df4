internal import Glibc

/// Finds the lines in a connection's input. Does no I/O and holds no bytes: the caller keeps the unread
/// input, calls `next` until it returns `nil`, executes the lines, and then removes `takeConsumed()` bytes
/// from the front of the input.
///
/// Every byte is looked at once, however the input arrives.
public struct LineFramer: Sendable {
    public enum Frame {
        /// A line without its LF: not empty, and not only white space. A view of the input.
        case line(Bytes)
        /// A line longer than the limit. Said once, as soon as it is known; the rest of the line is skipped.
        case tooLong
    }

    /// The longest line, in bytes, its LF not counted.
    public var limit: Int
    /// Where the first line not yet returned begins.
    private var lineStart = 0
    /// Up to where no LF was found.
    private var scanned = 0
    /// Within a line that was answered with `tooLong`.
    private var skipping = false

    public init(limit: Int) {
        self.limit = limit
    }

    /// The next whole line, or `nil` until more input arrives.
    ///
    /// - Parameter input: All the input since the last `takeConsumed()`; only its end may have grown.
    public mutating func next(in input: Bytes) -> Frame? {
        while true {
            guard let end = endOfLine(in: input) else {
                scanned = input.count
                if skipping {
                    lineStart = scanned
                } else if scanned - lineStart > limit {
                    skipping = true
                    lineStart = scanned
                    return .tooLong
                }
                return nil
            }
            let line = Bytes(rebasing: input[lineStart..<end])
            lineStart = end + 1
            scanned = lineStart
            if skipping {
                skipping = false
            } else if line.count > limit {
                return .tooLong
            } else if !Self.isBlank(line) {
                return .line(line)
            }
        }
    }

    /// What stands behind the last LF when the input has ended, as if an LF followed.
    public mutating func finish(in input: Bytes) -> Frame? {
        if let frame = next(in: input) { return frame }
        let line = Bytes(rebasing: input[lineStart...])
        lineStart = input.count
        return skipping || Self.isBlank(line) ? nil : .line(line)
    }

    /// Whether the input holds the beginning of a line that has not ended.
    public var isWithinLine: Bool { skipping || scanned > lineStart }

    /// How many bytes at the front of the input are done with. The caller removes them: the next call of
    /// `next` takes the input to begin behind them.
    public mutating func takeConsumed() -> Int {
        let consumed = lineStart
        scanned -= consumed
        lineStart = 0
        return consumed
    }

    private func endOfLine(in input: Bytes) -> Int? {
        guard let base = input.baseAddress, scanned < input.count,
            let found = memchr(base + scanned, 0x0A, input.count - scanned)
        else { return nil }
        return UnsafeRawPointer(found) - base
    }

    private static func isBlank(_ line: Bytes) -> Bool {
        for byte in line where byte != 0x20 && byte != 0x09 && byte != 0x0D { return false }
        return true
    }
}
