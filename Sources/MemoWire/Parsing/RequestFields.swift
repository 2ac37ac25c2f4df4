/// The members of one object of a request, by field: where each value stands in the line.
struct RequestFields: ~Copyable {
    struct Span: BitwiseCopyable {
        /// The value without white space around it.
        var text: Bytes
        var traits: JSONScanner.Traits
    }

    private(set) var present = FieldSet()
    /// By `Field.index`; only those of `present` mean anything.
    let spans: UnsafeMutablePointer<Span>
    /// Decoded names that are no field's: the first of them.
    private(set) var unknown: [Bytes] = []
    private let table = Field.table

    init() {
        spans = .allocate(capacity: Field.allCases.count)
        spans.initialize(
            repeating: Span(text: Bytes(start: nil, count: 0), traits: []), count: Field.allCases.count)
    }

    deinit {
        spans.deallocate()
    }

    /// Passes over the object that begins at the scanner's position and notes its members.
    ///
    /// - Parameter depth: How many containers are open within it, itself counted.
    mutating func scan(
        _ scanner: inout JSONScanner, depth: Int, arena: inout Arena
    ) throws(JSONError) {
        present = FieldSet()
        if !unknown.isEmpty { unknown.removeAll(keepingCapacity: true) }
        scanner.position &+= 1
        scanner.skipWhitespace()
        if scanner.peek == UInt8(ascii: "}") {
            scanner.position &+= 1
            return
        }
        // Members as they nearly always are; of others, one at a time in the long way.
        while !scanUsual(&scanner, depth: depth) {
            let start = scanner.position
            let name = try skipName(&scanner, arena: &arena)
            scanner.traits = []
            let valueStart = scanner.position
            try scanner.skipValue(depth: depth)
            let text = Bytes(start: scanner.base + valueStart, count: scanner.position &- valueStart)
            try note(name, Span(text: text, traits: scanner.traits), at: start)
            scanner.skipWhitespace()
            let byte = scanner.peek
            scanner.position &+= 1
            if byte == UInt8(ascii: "}") { return }
            guard byte == UInt8(ascii: ",") else {
                throw JSONError(.commaOrBrace, at: scanner.position &- 1)
            }
            scanner.skipWhitespace()
        }
    }

    /// Takes members that were found by a known spelling.
    @inline(__always) mutating func accept(_ members: FieldSet) {
        present = members
        if !unknown.isEmpty { unknown.removeAll(keepingCapacity: true) }
    }

    /// Passes over members whose names are of up to 8 bytes, with at most a space between tokens.
    /// - Returns: whether the object's end was reached. If not, the position is at a member, which need not be well formed.
    @inline(__always) private mutating func scanUsual(_ scanner: inout JSONScanner, depth: Int) -> Bool {
        let (base, end) = (UnsafeRawPointer(scanner.base), scanner.end)
        let (spans, table) = (spans, table)
        var bits = present.bits
        var next = scanner.position
        defer { present = FieldSet(bits: bits) }
        // A name is read as a word.
        while end &- next > 8, base.load(fromByteOffset: next, as: UInt8.self) == UInt8(ascii: "\"") {
            var place = next &+ 1
            let word = base.loadUnaligned(fromByteOffset: place, as: UInt64.self).littleEndian
            let differences = word ^ 0x2222_2222_2222_2222
            let quotes = (differences &- 0x0101_0101_0101_0101) & ~differences & 0x8080_8080_8080_8080
            let nameBits = quotes.trailingZeroBitCount & ~7
            let name = quotes == 0 ? word : word & ((1 &<< UInt64(truncatingIfNeeded: nameBits)) &- 1)
            let count = nameBits &>> 3
            place &+= count
            guard end &- place > 3,
                base.loadUnaligned(fromByteOffset: place, as: UInt16.self).littleEndian == 0x3A22,
                let field = table.find(word: name, count: count)
            else { break }
            let bit: UInt64 = 1 &<< UInt64(truncatingIfNeeded: field.index)
            place &+= 2
            if base.load(fromByteOffset: place, as: UInt8.self) == 0x20 { place &+= 1 }
            guard bits & bit == 0, let value = scanner.skipMember(at: place, depth: depth) else { break }
            // What follows decides whether it is taken: nothing is noted before.
            let last = base.load(fromByteOffset: value.end, as: UInt8.self)
            guard last == UInt8(ascii: ",") || last == UInt8(ascii: "}") else { break }
            bits |= bit
            spans[field.index] = Span(
                text: Bytes(start: base + place, count: value.end &- place), traits: value.traits)
            next = value.end &+ 1
            if last == UInt8(ascii: "}") {
                scanner.position = next
                return true
            }
            if next < end, base.load(fromByteOffset: next, as: UInt8.self) == 0x20 { next &+= 1 }
        }
        scanner.position = next
        // More than one space may stand before the member.
        scanner.skipWhitespace()
        return false
    }

    /// A name that is long, has escapes, or is no field's.
    private struct Name {
        var text: Bytes
        /// How many bytes may be read at it.
        var readable: Int
    }

    /// Passes over any name, up to the value.
    private func skipName(_ scanner: inout JSONScanner, arena: inout Arena) throws(JSONError) -> Name {
        let start = scanner.position
        guard scanner.peek == UInt8(ascii: "\"") else { throw JSONError(.memberName, at: start) }
        scanner.traits = []
        try scanner.skipString()
        let characters = Bytes(start: scanner.base + start + 1, count: scanner.position &- start &- 2)
        var name = Name(text: characters, readable: scanner.end &- start &- 1)
        if scanner.traits.contains(.escaped) {
            name.text = arena.decode(characters).bytes
            name.readable = name.text.count
        }
        scanner.skipWhitespace()
        guard scanner.peek == UInt8(ascii: ":") else { throw JSONError(.colon, at: scanner.position) }
        scanner.position &+= 1
        scanner.skipWhitespace()
        return name
    }

    private mutating func note(_ name: Name, _ span: Span, at offset: Int) throws(JSONError) {
        guard let field = table.find(name.text, readable: name.readable) else {
            return try noteUnknown(name.text, at: offset)
        }
        guard !present.contains(field) else { throw JSONError(.repeatedMember, at: offset) }
        present.insert(field)
        spans[field.index] = span
    }

    private mutating func noteUnknown(_ name: Bytes, at offset: Int) throws(JSONError) {
        for other in unknown where JSONText.areEqual(other, name) {
            throw JSONError(.repeatedMember, at: offset)
        }
        if unknown.count < WireLimits.unknownMembers { unknown.append(name) }
    }
}

extension JSONScanner {
    /// The end of the value that begins at a place, with something behind it, and what was seen in it.
    /// - Returns: `nil` if there is none that is well formed; the position means nothing then.
    @inline(__always)
    fileprivate mutating func skipMember(at place: Int, depth: Int) -> (end: Int, traits: Traits)? {
        if let usual = endOfUsual(at: place) { return (usual, []) }
        position = place
        traits = []
        do throws(JSONError) { try skipValue(depth: depth) } catch { return nil }
        return position < end ? (position, traits) : nil
    }
}
