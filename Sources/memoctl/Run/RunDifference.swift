internal import MemoClient

/// Where two runs of a command differ. How lines of the two streams followed each other is chance, and is none.
struct RunDifference: Equatable {
    /// What the earlier and the later one have there.
    let kept: String
    let computed: String

    init?(_ kept: RecordedRun, _ computed: RecordedRun) {
        for stream in [RecordedRun.Stream.standardOutput, .standardError] {
            let (one, other) = (kept.bytes(of: stream), computed.bytes(of: stream))
            if one != other {
                let start = Self.line(one, other)
                let name = stream == .standardOutput ? "output" : "errors"
                self.kept = Self.text(one, start, name)
                self.computed = Self.text(other, start, name)
                return
            }
        }
        guard kept.status != computed.status else { return nil }
        self.kept = "exit status \(kept.status)"
        self.computed = "exit status \(computed.status)"
    }

    /// Where the line begins in which they differ first, and its number.
    private static func line(_ one: [UInt8], _ other: [UInt8]) -> (offset: Int, number: Int) {
        let common = zip(one, other).prefix { $0 == $1 }.count
        let lines = one[..<common].split(separator: 0x0A, omittingEmptySubsequences: false)
        return (common - (lines.last?.count ?? 0), max(1, lines.count))
    }

    private static func text(_ bytes: [UInt8], _ line: (offset: Int, number: Int), _ name: String) -> String {
        let rest = bytes[line.offset...].prefix { $0 != 0x0A }.prefix(maximum)
        let place = "line \(line.number) of its \(name)"
        return line.offset >= bytes.count
            ? "nothing at \(place)" : "\"\(String(decoding: rest, as: UTF8.self))\" at \(place)"
    }

    private static let maximum = 150
}
