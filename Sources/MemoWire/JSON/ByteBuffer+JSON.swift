extension ByteBuffer {
    /// Appends an integer in decimal.
    @inlinable public mutating func append(decimal value: Int64) {
        // 19 digits and a sign.
        reserve(20)
        var magnitude = value.magnitude
        var length = 1
        var power: UInt64 = 10
        while length < 19, magnitude >= power {
            length &+= 1
            power &*= 10
        }
        let target = storage.unsafelyUnwrapped
        if value < 0 {
            target.storeBytes(of: UInt8(ascii: "-"), toByteOffset: end, as: UInt8.self)
            end &+= 1
        }
        end &+= length
        var position = end
        repeat {
            position &-= 1
            let (quotient, digit) = magnitude.quotientAndRemainder(dividingBy: 10)
            target.storeBytes(
                of: UInt8(truncatingIfNeeded: digit) &+ UInt8(ascii: "0"), toByteOffset: position,
                as: UInt8.self)
            magnitude = quotient
        } while magnitude > 0
    }

    @inlinable public mutating func append(decimal value: Int) {
        append(decimal: Int64(value))
    }

    /// Appends a number in the shortest form that reads back as the same `Double`; `null` if it is not
    /// finite, since JSON has no such numbers.
    public mutating func append(decimal value: Double) {
        guard value.isFinite else { return append("null") }
        append(text: value.description)
    }

    /// Appends the UTF-8 of a string as it stands, without quotes or escapes.
    public mutating func append(text: String) {
        var text = text
        text.withUTF8 { append(Bytes($0)) }
    }

    /// Appends a JSON string: quotes around `utf8`, which must be valid UTF-8, with the shortest escape for
    /// the characters that need one (quote, backslash, those below U+0020).
    public mutating func append(jsonString utf8: Bytes) {
        reserve(utf8.count + 2)
        append(UInt8(ascii: "\""))
        append(jsonCharacters: utf8)
        append(UInt8(ascii: "\""))
    }

    public mutating func append(jsonString text: String) {
        var text = text
        text.withUTF8 { append(jsonString: Bytes($0)) }
    }

    /// Appends what stands between a JSON string's quotes.
    mutating func append(jsonCharacters utf8: Bytes) {
        guard let base = utf8.baseAddress else { return }
        var copied = 0
        var position = 0
        let count = utf8.count
        while position < count {
            let byte = base.load(fromByteOffset: position, as: UInt8.self)
            if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                position &+= 1
                continue
            }
            append(base + copied, position &- copied)
            append(jsonEscaped: byte)
            position &+= 1
            copied = position
        }
        append(base + copied, count &- copied)
    }

    /// Appends the escape of a quote, a backslash or a character below U+0020.
    mutating func append(jsonEscaped byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case 0x08: append("\\b")
        case 0x09: append("\\t")
        case 0x0A: append("\\n")
        case 0x0C: append("\\f")
        case 0x0D: append("\\r")
        default:
            append("\\u00")
            append(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
            let low = byte & 0x0F
            append(low < 10 ? UInt8(ascii: "0") &+ low : UInt8(ascii: "a") &+ (low &- 10))
        }
    }
}
