extension JSONValue {
    /// What happens to a surrogate without its other half, which no `String` can hold.
    public enum SurrogatePolicy: Sendable {
        /// The text is refused.
        case refuse
        /// U+FFFD takes its place.
        case replace
    }

    /// Reads one JSON value with nothing but white space around it (RFC 8259, strict UTF-8, at most
    /// `WireLimits.depth` containers open at once).
    public static func parse(
        _ text: Bytes, surrogates: SurrogatePolicy = .refuse
    ) throws(JSONError) -> JSONValue {
        try JSONScanner.validate(text)
        var builder = Builder(text, surrogates)
        return try builder.build()
    }

    public static func parse(
        _ text: String, surrogates: SurrogatePolicy = .refuse
    ) throws(JSONError) -> JSONValue {
        var text = text
        let result = text.withUTF8 { utf8 in
            Result { () throws(JSONError) in try parse(Bytes(utf8), surrogates: surrogates) }
        }
        return try result.get()
    }

    /// Checks that `text` is one JSON value with nothing but white space around it.
    ///
    /// - Parameter depth: How many containers may be open at once, at most `WireLimits.depth`.
    public static func validate(_ text: Bytes, depth: Int = WireLimits.depth) throws(JSONError) {
        try JSONScanner.validate(text, depth: depth)
    }

    /// Takes apart text that was found well formed, without recursion.
    private struct Builder {
        /// A container that has not ended: its elements, or its members, so far.
        private struct Open {
            var elements: [JSONValue] = []
            var members: [Member] = []
            var isObject: Bool
            var name = ""
        }

        private var scanner: JSONScanner
        private let surrogates: SurrogatePolicy
        private var open: [Open] = []

        init(_ text: Bytes, _ surrogates: SurrogatePolicy) {
            scanner = JSONScanner(text)
            self.surrogates = surrogates
        }

        mutating func build() throws(JSONError) -> JSONValue {
            while true {
                scanner.skipWhitespace()
                var value: JSONValue?
                let byte = scanner.peek
                switch byte {
                case UInt8(ascii: "{"), UInt8(ascii: "["):
                    open.append(Open(isObject: byte == UInt8(ascii: "{")))
                    scanner.position += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    let ended = open.removeLast()
                    value = ended.isObject ? .object(ended.members) : .array(ended.elements)
                    scanner.position += 1
                case UInt8(ascii: ","):
                    scanner.position += 1
                default:
                    value = try readScalar()
                    if case .string(let name)? = value, let last = open.indices.last, open[last].isObject,
                        isName()
                    {
                        open[last].name = name
                        value = nil
                    }
                }
                guard let value else { continue }
                guard let last = open.indices.last else { return value }
                if open[last].isObject {
                    open[last].members.append(Member(open[last].name, value))
                } else {
                    open[last].elements.append(value)
                }
            }
        }

        /// Whether a colon follows, which is then passed over.
        private mutating func isName() -> Bool {
            scanner.skipWhitespace()
            guard scanner.peek == UInt8(ascii: ":") else { return false }
            scanner.position += 1
            return true
        }

        private mutating func readScalar() throws(JSONError) -> JSONValue {
            let start = scanner.position
            scanner.traits = []
            try scanner.skipValue(depth: 0)
            let text = Bytes(start: scanner.base + start, count: scanner.position - start)
            switch text[0] {
            case UInt8(ascii: "\""): return .string(try decode(text, at: start))
            case UInt8(ascii: "t"): return .bool(true)
            case UInt8(ascii: "f"): return .bool(false)
            case UInt8(ascii: "n"): return .null
            default: return .number(String(decoding: text, as: UTF8.self))
            }
        }

        private func decode(_ text: Bytes, at offset: Int) throws(JSONError) -> String {
            let characters = JSONText.characters(ofString: text)
            guard scanner.traits.contains(.escaped) else {
                return String(decoding: characters, as: UTF8.self)
            }
            var isUnicode = true
            let decoded = String(unsafeUninitializedCapacity: characters.count) { target in
                guard let base = target.baseAddress else { return 0 }
                let (count, isValid) = JSONText.decode(characters, to: base)
                isUnicode = isValid
                return isValid ? count : 0
            }
            if isUnicode { return decoded }
            if surrogates == .refuse { throw JSONError(.unpairedSurrogate, at: offset) }
            var scalars = String.UnicodeScalarView()
            var position = 0
            while position < characters.count {
                let plain = characters[position...].prefix { $0 != UInt8(ascii: "\\") }
                scalars.append(contentsOf: String(decoding: plain, as: UTF8.self).unicodeScalars)
                position += plain.count
                guard position < characters.count else { break }
                let character = JSONText.unescape(characters, at: &position)
                scalars.append(Unicode.Scalar(character) ?? "\u{FFFD}")
            }
            return String(scalars)
        }
    }
}
