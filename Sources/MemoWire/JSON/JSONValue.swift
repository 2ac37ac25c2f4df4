/// A JSON value taken apart, for clients and the command line. The daemon's hot path does not use it.
///
/// Numbers keep the text they were written with, so that none is rounded; objects keep the order of their
/// members. `==` compares this form: `1` and `1.0` differ.
public indirect enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// A number's text, following RFC 8259.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    public struct Member: Equatable, Sendable {
        public var name: String
        public var value: JSONValue

        public init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    public static func number(_ value: some BinaryInteger) -> JSONValue { .number("\(value)") }

    /// The member of that name, the last one if it is repeated; `nil` if there is none or this is no object.
    public subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name == name }?.value
    }

    /// The element at that position; `nil` if there is none or this is no array.
    public subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    public var isNull: Bool { self == .null }

    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The number, if it is whole and fits; it may be written as `1.0` or `1e3`.
    public var intValue: Int? {
        guard case .number(var text) = self else { return nil }
        if let value = Int(text) { return value }
        return text.withUTF8 { utf8 in
            let bytes = Bytes(utf8)
            // A number made by hand may be anything.
            var scanner = JSONScanner(bytes)
            guard (try? scanner.skipNumber()) != nil, scanner.position == scanner.end else { return nil }
            return JSONNumber(bytes).integer.map { Int($0) }
        }
    }

    /// The number as the nearest `Double`; `nil` if that is infinite.
    public var doubleValue: Double? {
        guard case .number(let text) = self, let value = Double(text), value.isFinite else { return nil }
        return value
    }

    public var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    public var arrayValue: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    public var objectValue: [Member]? {
        if case .object(let members) = self { members } else { nil }
    }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(nilLiteral: ()) { self = .null }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .number("\(value)") }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral members: (String, JSONValue)...) {
        self = .object(members.map { Member($0.0, $0.1) })
    }
}
