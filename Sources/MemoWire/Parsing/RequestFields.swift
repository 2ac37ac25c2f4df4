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
        while true {
            let start = scanner.position
            guard scanner.peek == UInt8(ascii: "\"") else { throw JSONError(.memberName, at: start) }
            scanner.traits = []
            try scanner.skipString()
            let characters = Bytes(
                start: scanner.base + start + 1, count: scanner.position &- start &- 2)
            var name = characters
            var readable = scanner.end &- start &- 1
            if scanner.traits.contains(.escaped) {
                name = arena.decode(characters).bytes
                readable = name.count
            }
            scanner.skipWhitespace()
            guard scanner.peek == UInt8(ascii: ":") else { throw JSONError(.colon, at: scanner.position) }
            scanner.position &+= 1
            scanner.skipWhitespace()

            scanner.traits = []
            let valueStart = scanner.position
            try scanner.skipValue(depth: depth)
            let text = Bytes(start: scanner.base + valueStart, count: scanner.position &- valueStart)
            let span = Span(text: text, traits: scanner.traits)
            if let field = table.find(name, readable: readable) {
                guard !present.contains(field) else { throw JSONError(.repeatedMember, at: start) }
                present.insert(field)
                spans[field.index] = span
            } else {
                try noteUnknown(name, at: start)
            }

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

    private mutating func noteUnknown(_ name: Bytes, at offset: Int) throws(JSONError) {
        for other in unknown where JSONText.areEqual(other, name) {
            throw JSONError(.repeatedMember, at: offset)
        }
        if unknown.count < WireLimits.unknownMembers { unknown.append(name) }
    }
}
