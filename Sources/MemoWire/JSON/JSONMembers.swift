/// The members of an object as raw text, one after another: for taking a value out of a reply byte for byte.
public struct JSONMembers {
    public struct Member {
        /// The name's text between its quotes; escapes are not decoded.
        public var name: Bytes
        /// The value's text without white space around it.
        public var value: Bytes

        /// Whether the name, written without escapes, is `other`.
        public func isNamed(_ other: StaticString) -> Bool {
            JSONText.areEqual(name, Bytes(start: other.utf8Start, count: other.utf8CodeUnitCount))
        }
    }

    private var scanner: JSONScanner
    private var hasBegun = false
    private var hasEnded = false

    /// - Parameter text: A JSON object, which must outlive this. It is checked as it is read.
    public init(_ text: Bytes) {
        scanner = JSONScanner(text)
    }

    /// The next member, or `nil` when the object and the text have ended.
    public mutating func next() throws(JSONError) -> Member? {
        if hasEnded { return nil }
        scanner.skipWhitespace()
        if !hasBegun {
            guard scanner.peek == UInt8(ascii: "{") else { throw JSONError(.object, at: scanner.position) }
            scanner.position += 1
            scanner.skipWhitespace()
            if scanner.peek == UInt8(ascii: "}") { return try finish() }
            hasBegun = true
        } else if scanner.peek == UInt8(ascii: "}") {
            return try finish()
        } else {
            guard scanner.peek == UInt8(ascii: ",") else {
                throw JSONError(.commaOrBrace, at: scanner.position)
            }
            scanner.position += 1
            scanner.skipWhitespace()
        }
        guard scanner.peek == UInt8(ascii: "\"") else { throw JSONError(.memberName, at: scanner.position) }
        let start = scanner.position
        var ahead = scanner
        try ahead.skipString()
        let name = Bytes(start: scanner.base + start + 1, count: ahead.position - start - 2)
        try scanner.skipMemberName()
        let valueStart = scanner.position
        try scanner.skipValue(depth: 1)
        let value = Bytes(start: scanner.base + valueStart, count: scanner.position - valueStart)
        return Member(name: name, value: value)
    }

    private mutating func finish() throws(JSONError) -> Member? {
        hasEnded = true
        scanner.position += 1
        scanner.skipWhitespace()
        guard scanner.position == scanner.end else { throw JSONError(.end, at: scanner.position) }
        return nil
    }
}
