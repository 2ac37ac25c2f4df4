/// How a `get` or a `put` was spelt: all that stood around its values, byte for byte. A program spells its requests alike,
/// so the next one mostly differs in the values only; then these bytes are compared, and nothing else need be understood.
struct Spelling: ~Copyable {
    static let membersMax = 8
    private static let wordsMax = 32

    /// What stands before a member's value, or behind the last one, as words.
    private struct Gap: BitwiseCopyable {
        var count = 0
        /// At least this many bytes must be left of a line for it to be there, and to be read as words.
        var least = 7
        /// As much as there is of the first word.
        var first: UInt64 = 0
        var mask: UInt64 = 0
        /// The words behind it, the last of which overlaps the one before.
        var rest: UnsafeMutablePointer<UInt64>
        var field = 0
    }

    /// The members. The value of `op` is part of the text.
    private(set) var present = FieldSet()
    private(set) var isGet = false
    /// How many have a gap of their own. One more gap is behind the last value.
    private var members = 0
    private let gaps: UnsafeMutablePointer<Gap>
    private let words: UnsafeMutablePointer<UInt64>

    init() {
        words = .allocate(capacity: Self.wordsMax)
        gaps = .allocate(capacity: Self.membersMax + 1)
        gaps.initialize(repeating: Gap(rest: words), count: Self.membersMax + 1)
    }

    deinit {
        gaps.deallocate()
        words.deallocate()
    }

    /// Takes note of how a request was spelt.
    ///
    /// - Returns: `false` if it has too many members, or too much beside their values: then there is none to compare with.
    mutating func learn(_ line: Bytes, _ reader: FieldReader, isGet: Bool) -> Bool {
        guard let base = line.baseAddress else { return false }
        self.isGet = isGet
        present = reader.present
        let fields = Field.allCases.filter { $0 != .op && reader.has($0) }.sorted {
            position(of: $0, reader, in: base) < position(of: $1, reader, in: base)
        }
        guard fields.count <= Self.membersMax else { return false }
        members = fields.count
        var (end, free) = (0, 0)
        for (index, field) in fields.enumerated() {
            let start = position(of: field, reader, in: base)
            gaps[index].field = field.index
            guard write(Bytes(rebasing: line[end..<start]), at: index, &free) else { return false }
            end = start + reader.text(field).count
        }
        return write(Bytes(rebasing: line[end...]), at: members, &free)
    }

    private func position(of field: Field, _ reader: FieldReader, in base: UnsafeRawPointer) -> Int {
        reader.text(field).baseAddress.map { $0 - base } ?? 0
    }

    private mutating func write(_ text: Bytes, at gap: Int, _ free: inout Int) -> Bool {
        let more = max(0, (text.count - 1) / 8)
        guard free + more <= Self.wordsMax else { return false }
        gaps[gap].count = text.count
        gaps[gap].least = max(text.count, 7)
        gaps[gap].first = Self.word(text, at: 0)
        gaps[gap].mask = text.count < 8 ? 1 << UInt64(8 * text.count) - 1 : .max
        gaps[gap].rest = words + free
        for index in 0..<more {
            words[free] = Self.word(text, at: min(8 * (index + 1), text.count - 8))
            free += 1
        }
        return true
    }

    private static func word(_ text: Bytes, at start: Int) -> UInt64 {
        var word: UInt64 = 0
        for (place, byte) in text[start...].prefix(8).enumerated() {
            word |= UInt64(byte) << UInt64(8 * place)
        }
        return word
    }

    /// Reads a line that is spelt so.
    ///
    /// - Parameter spans: where the values are noted. If it is spelt otherwise, they mean nothing.
    @inline(__always)
    func read(_ line: Bytes, into spans: UnsafeMutablePointer<RequestFields.Span>) -> Bool {
        var scanner = JSONScanner(line)
        let base = UnsafeRawPointer(scanner.base)
        let end = scanner.end
        var next = 0
        var gap = UnsafePointer(gaps)
        let last = gap + members
        while gap != last {
            // A value and a brace follow, at least.
            guard end &- next > gap.pointee.least, Self.stands(gap, at: base + next, shift: 0) else {
                return false
            }
            let start = next &+ gap.pointee.count
            var traits: JSONScanner.Traits = []
            if let usual = scanner.endOfUsual(at: start) {
                next = usual
            } else {
                scanner.position = start
                scanner.traits = []
                do throws(JSONError) { try scanner.skipValue(depth: 1) } catch { return false }
                next = scanner.position
                traits = scanner.traits
            }
            spans[gap.pointee.field] = RequestFields.Span(
                text: Bytes(start: base + start, count: next &- start), traits: traits)
            gap += 1
        }
        let count = gap.pointee.count
        guard end &- next == count else { return false }
        // There may be no whole word left: the one that ends with the line is taken.
        return count < 8
            ? Self.stands(gap, at: base + end - 8, shift: 64 &- 8 &* count)
            : Self.stands(gap, at: base + next, shift: 0)
    }

    /// Whether the text of a gap stands at a place.
    ///
    /// - Parameter shift: how many bits of the word at the place come before it, if it is of less than a word.
    @inline(__always)
    private static func stands(
        _ gap: UnsafePointer<Gap>, at place: UnsafeRawPointer, shift: Int
    ) -> Bool {
        let first = place.loadUnaligned(as: UInt64.self).littleEndian &>> UInt64(truncatingIfNeeded: shift)
        guard first & gap.pointee.mask == gap.pointee.first else { return false }
        guard gap.pointee.count > 8 else { return true }
        let last = place + gap.pointee.count - 8
        var (next, words) = (place + 8, gap.pointee.rest)
        while next < last {
            guard next.loadUnaligned(as: UInt64.self).littleEndian == words.pointee else { return false }
            next += 8
            words += 1
        }
        return last.loadUnaligned(as: UInt64.self).littleEndian == words.pointee
    }
}

/// The spellings of the last requests, few of them: clients of a few kinds use one daemon at a time.
struct Spellings: ~Copyable {
    private static let capacity = 4
    /// A new spelling takes the place of another only once in a number of requests that were spelt in no known way,
    /// so that those who spell each request otherwise do not spoil it for the rest.
    private static let patience = 16

    private let known: UnsafeMutablePointer<Spelling>
    private var count = 0
    /// The one that was used last: it is tried first.
    private var latest = 0
    private var oldest = 0
    private var waited = 0

    init() {
        known = .allocate(capacity: Self.capacity)
        for index in 0..<Self.capacity { (known + index).initialize(to: Spelling()) }
    }

    deinit {
        known.deinitialize(count: Self.capacity)
        known.deallocate()
    }

    /// Reads a line that is spelt as one before.
    ///
    /// - Returns: whether it is a `get`, or else a `put`; `nil` if it is spelt otherwise.
    @inline(__always) mutating func read(_ line: Bytes, into fields: inout RequestFields) -> Bool? {
        guard count > 0 else { return nil }
        if !known[latest].read(line, into: fields.spans) {
            guard let other = find(line, fields.spans) else { return nil }
            latest = other
        }
        fields.accept(known[latest].present)
        return known[latest].isGet
    }

    @inline(never)
    private func find(_ line: Bytes, _ spans: UnsafeMutablePointer<RequestFields.Span>) -> Int? {
        for index in 0..<count where index != latest && known[index].read(line, into: spans) {
            return index
        }
        return nil
    }

    /// Takes note of how a request was spelt that was read in the long way.
    mutating func learn(_ line: Bytes, _ reader: FieldReader, isGet: Bool) {
        waited += 1
        guard count < Self.capacity || waited >= Self.patience else { return }
        waited = 0
        // One that cannot be noted is in the last place, or leaves a place without a spelling.
        if count == Self.capacity { oldest = (oldest + 1) % Self.capacity }
        let place = count < Self.capacity ? count : oldest
        if known[place].learn(line, reader, isGet: isGet) {
            count = max(count, place + 1)
            latest = place
        }
    }
}
