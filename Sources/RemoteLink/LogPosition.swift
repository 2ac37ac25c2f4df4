/// A place in the log of invalidations: the id of a line of the server's stream.
package struct LogPosition: Comparable, Sendable, Hashable, CustomStringConvertible {
    package var ms: UInt64
    package var sequence: UInt64

    package static let start = LogPosition(ms: 0, sequence: 0)

    package init(ms: UInt64, sequence: UInt64) {
        self.ms = ms
        self.sequence = sequence
    }

    /// - Returns: `nil` if the text is not `ms-sequence`.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let ms = UInt64(parts[0]), let sequence = UInt64(parts[1]) else { return nil }
        self.init(ms: ms, sequence: sequence)
    }

    package var description: String { "\(ms)-\(sequence)" }

    package static func < (one: LogPosition, other: LogPosition) -> Bool {
        (one.ms, one.sequence) < (other.ms, other.sequence)
    }
}
