internal import Glibc

/// Reads over JSON text and checks it against RFC 8259 and strict UTF-8, without taking it apart. It never
/// recurses, allocates or reads beyond the text.
struct JSONScanner {
    /// What was seen in the text passed over: canonical forms and decoding need work only if a bit is set.
    struct Traits: OptionSet, BitwiseCopyable {
        var rawValue: UInt8

        /// White space between tokens.
        static let spaced = Traits(rawValue: 1)
        /// A backslash in a string.
        static let escaped = Traits(rawValue: 2)
        /// A number other than a plain integer of few digits.
        static let unusualNumber = Traits(rawValue: 4)
        static let object = Traits(rawValue: 8)
    }

    let base: UnsafePointer<UInt8>
    let end: Int
    var position = 0
    var traits: Traits = []

    /// A scanner at the beginning of `text`, which must outlive it.
    @inline(__always) init(_ text: Bytes) {
        // An empty text has no address, and is never read.
        base = text.baseAddress.map { $0.assumingMemoryBound(to: UInt8.self) } ?? Self.nowhere
        end = text.count
    }

    private static var nowhere: UnsafePointer<UInt8> { UnsafePointer(bitPattern: 1)! }

    /// Checks that `text` is one JSON value with nothing but white space around it.
    ///
    /// - Parameter depth: How many containers may be open at once.
    static func validate(_ text: Bytes, depth: Int = WireLimits.depth) throws(JSONError) {
        var scanner = JSONScanner(text)
        try scanner.skipByteOrderMark()
        scanner.skipWhitespace()
        try scanner.skipValue(depth: WireLimits.depth - depth)
        scanner.skipWhitespace()
        guard scanner.position == scanner.end else { throw JSONError(.end, at: scanner.position) }
    }

    /// The byte at the position; 0, which no token begins with, at the end.
    @inline(__always) var peek: UInt8 {
        position < end ? base[position] : 0
    }

    /// A byte order mark gets an error of its own: it is invisible in an editor.
    @inline(__always) func skipByteOrderMark() throws(JSONError) {
        if peek == 0xEF, end >= 3, base[1] == 0xBB, base[2] == 0xBF { throw JSONError(.byteOrderMark, at: 0) }
    }

    @inline(__always) static func isWhitespace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    @inline(__always) mutating func skipWhitespace() {
        if position < end, base[position] <= 0x20 { skipSpaces() }
    }

    private mutating func skipSpaces() {
        while position < end, Self.isWhitespace(base[position]) {
            position &+= 1
            traits.formUnion(.spaced)
        }
    }

    /// Passes over the value that begins at the position.
    ///
    /// - Parameter depth: How many containers are open around it.
    @inline(__always) mutating func skipValue(depth: Int) throws(JSONError) {
        if peek == UInt8(ascii: "\"") {
            try skipString()
        } else if peek == UInt8(ascii: "{") || peek == UInt8(ascii: "[") {
            try skipContainer(depth: depth)
        } else {
            try skipNumberOrLiteral()
        }
    }

    /// Passes over a name and the colon behind it, up to the member's value.
    @inline(__always) mutating func skipMemberName() throws(JSONError) {
        guard peek == UInt8(ascii: "\"") else { throw JSONError(.memberName, at: position) }
        try skipString()
        skipWhitespace()
        guard peek == UInt8(ascii: ":") else { throw JSONError(.colon, at: position) }
        position &+= 1
        skipWhitespace()
    }

    private mutating func skipContainer(depth outer: Int) throws(JSONError) {
        // A bit for each open container: set for an object.
        var objects = InlineArray<8, UInt64>(repeating: 0)
        var level = outer
        var isObject = false
        repeat {
            let byte = peek
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                guard level < WireLimits.depth else { throw JSONError(.tooDeep, at: position) }
                isObject = byte == UInt8(ascii: "{")
                let bit: UInt64 = 1 &<< UInt64(level & 63)
                if isObject {
                    traits.formUnion(.object)
                    objects[level >> 6] |= bit
                } else {
                    objects[level >> 6] &= ~bit
                }
                level &+= 1
                position &+= 1
                skipWhitespace()
                if peek != (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    if isObject { try skipMemberName() }
                    continue
                }
            } else if byte == UInt8(ascii: "\"") {
                try skipString()
            } else {
                try skipNumberOrLiteral()
            }
            // Behind a value, or at the end of an empty container: close what ends here.
            while true {
                skipWhitespace()
                let byte = peek
                if byte == UInt8(ascii: ",") {
                    position &+= 1
                    skipWhitespace()
                    if isObject { try skipMemberName() }
                    break
                }
                guard byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    throw JSONError(isObject ? .commaOrBrace : .commaOrBracket, at: position)
                }
                position &+= 1
                level &-= 1
                if level == outer { return }
                isObject = objects[(level &- 1) >> 6] & (1 &<< UInt64((level &- 1) & 63)) != 0
            }
        } while true
    }

    mutating func skipNumberOrLiteral() throws(JSONError) {
        switch peek {
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try skipNumber()
        case UInt8(ascii: "t"): try skipLiteral("true")
        case UInt8(ascii: "f"): try skipLiteral("false")
        case UInt8(ascii: "n"): try skipLiteral("null")
        default: throw JSONError(.value, at: position)
        }
    }

    private mutating func skipLiteral(_ literal: StaticString) throws(JSONError) {
        guard skip(literal) else { throw JSONError(.value, at: position) }
    }

    /// Passes over exactly this text, if it is there.
    @inline(__always) mutating func skip(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard end &- position >= count, memcmp(base + position, text.utf8Start, count) == 0 else {
            return false
        }
        position &+= count
        return true
    }
}
