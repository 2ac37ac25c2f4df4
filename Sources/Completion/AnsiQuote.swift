/// What stands within `$'…'`, as far as `BashWord` and people write it.
enum AnsiQuote {
    static func bytes(_ text: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let escape = rest.popFirst() else {
                bytes.append(byte)
                continue
            }
            switch escape {
            case UInt8(ascii: "x"):
                let digits = rest.prefix(2).prefix { Character(Unicode.Scalar($0)).isHexDigit }
                rest = rest.dropFirst(digits.count)
                bytes.append(UInt8(String(decoding: digits, as: UTF8.self), radix: 16) ?? escape)
            case UInt8(ascii: "a"): bytes.append(0x07)
            case UInt8(ascii: "b"): bytes.append(0x08)
            case UInt8(ascii: "e"), UInt8(ascii: "E"): bytes.append(0x1B)
            case UInt8(ascii: "f"): bytes.append(0x0C)
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "r"): bytes.append(0x0D)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "v"): bytes.append(0x0B)
            default: bytes.append(escape)
            }
        }
        return bytes
    }
}
