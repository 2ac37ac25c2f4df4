/// What stands behind the `?` of an address.
struct QueryParameters {
    private var values: [String: String] = [:]

    /// The first one of a name counts. What is not UTF-8 is none.
    init(_ query: String?) {
        for part in (query ?? "").split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(pair[0]), let value = Self.decoded(pair.count > 1 ? pair[1] : ""),
                values[name] == nil
            else { continue }
            values[name] = value
        }
    }

    subscript(name: String) -> String? { values[name] }

    var names: Set<String> { Set(values.keys) }

    /// Percent signs and pluses read as forms write them.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(0x20)
            case UInt8(ascii: "%"):
                guard rest.count >= 2, let high = digit(rest.removeFirst()),
                    let low = digit(rest.removeFirst())
                else { return nil }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
