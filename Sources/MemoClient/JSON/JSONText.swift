package import MemoWire

/// JSON text, byte for byte: a key or a value as it stands on the wire.
public struct JSONText: Sendable, Hashable, CustomStringConvertible {
    /// UTF-8, without line feeds: one line of the protocol can hold it.
    public let bytes: [UInt8]

    /// Takes text that someone wrote.
    /// - Throws: `badJSON` with the place of the fault, if it is not exactly one JSON value.
    public init(parsing text: some Sequence<UInt8>) throws(MemoError) {
        let bytes = Array(text)
        do {
            try bytes.withUnsafeBytes { try JSONValue.validate($0) }
        } catch {
            throw MemoError(.badJSON, "\(error)", cause: error)
        }
        // Line feeds are legal between tokens, and nowhere else: a space means the same and fits into a line.
        self.init(trusted: bytes.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 })
    }

    public init(parsing text: String) throws(MemoError) {
        try self.init(parsing: text.utf8)
    }

    package init(_ value: JSONValue) {
        self.init(trusted: Array("\(value)".utf8))
    }

    /// A JSON string with these characters.
    public init(string: String) {
        var bytes: [UInt8] = []
        bytes.append(jsonString: string)
        self.init(trusted: bytes)
    }

    public init(_ number: some FixedWidthInteger) {
        self.init(trusted: Array(String(number).utf8))
    }

    package init(_ flag: Bool) {
        self.init(trusted: Array("\(flag)".utf8))
    }

    public static let null = JSONText(trusted: Array("null".utf8))

    /// An array.
    public init(joining elements: [JSONText]) {
        var bytes: [UInt8] = [0x5B]
        for element in elements {
            if bytes.count > 1 { bytes.append(0x2C) }
            bytes += element.bytes
        }
        self.init(trusted: bytes + [0x5D])
    }

    /// An object.
    public init(members: [(String, JSONText)]) {
        var bytes: [UInt8] = [0x7B]
        for (name, value) in members {
            if bytes.count > 1 { bytes.append(0x2C) }
            bytes.append(jsonString: name)
            bytes.append(0x3A)
            bytes += value.bytes
        }
        self.init(trusted: bytes + [0x7D])
    }

    /// - Parameter trusted: one JSON value without line feeds.
    init(trusted bytes: [UInt8]) {
        self.bytes = bytes
    }

    public var description: String { String(decoding: bytes, as: UTF8.self) }

    /// The text as a value to look into.
    /// - Throws: `malformedReply`; not where the text came from `init(parsing:)`.
    package func value() throws(MemoError) -> JSONValue {
        do {
            return try bytes.withUnsafeBytes { try JSONValue.parse($0) }
        } catch {
            throw MemoError(.malformedReply, "\(error)", cause: error)
        }
    }
}

extension [UInt8] {
    /// Appends a JSON string, escaped no more than JSON asks for.
    mutating func append(jsonString text: String) {
        append(0x22)
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5C:
                append(0x5C)
                append(byte)
            case 0x0A: append(contentsOf: "\\n".utf8)
            case 0x0D: append(contentsOf: "\\r".utf8)
            case 0x09: append(contentsOf: "\\t".utf8)
            case 0..<0x20:
                append(contentsOf: "\\u00".utf8)
                let digits = Array("0123456789abcdef".utf8)
                append(digits[Int(byte >> 4)])
                append(digits[Int(byte & 15)])
            default: append(byte)
            }
        }
        append(0x22)
    }
}

extension JSONText: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int64) { self.init(value) }
}
