internal import Glibc

/// Reads JSON text that was already found well formed.
enum JSONText {
    static func hexValue(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte &- UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte &- UInt8(ascii: "a") &+ 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte &- UInt8(ascii: "A") &+ 10)
        default: nil
        }
    }

    /// What stands between the quotes of a string.
    @inline(__always) static func characters(ofString text: Bytes) -> Bytes {
        Bytes(rebasing: text[1..<(text.count &- 1)])
    }

    /// The character that the escape at `position` stands for, and the position behind it. A surrogate
    /// without its other half is returned as it is.
    static func unescape(_ text: Bytes, at position: inout Int) -> UInt32 {
        position &+= 2
        switch text[position &- 1] {
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "u"): break
        case let byte: return UInt32(byte)
        }
        let unit = codeUnit(text, at: position)
        position &+= 4
        guard unit & 0xFC00 == 0xD800, position &+ 6 <= text.count, text[position] == UInt8(ascii: "\\"),
            text[position &+ 1] == UInt8(ascii: "u")
        else { return unit }
        let low = codeUnit(text, at: position &+ 2)
        guard low & 0xFC00 == 0xDC00 else { return unit }
        position &+= 6
        return 0x10000 &+ ((unit & 0x3FF) &<< 10) &+ (low & 0x3FF)
    }

    private static func codeUnit(_ text: Bytes, at position: Int) -> UInt32 {
        var unit: UInt32 = 0
        for offset in 0..<4 { unit = unit &<< 4 | (hexValue(text[position &+ offset]) ?? 0) }
        return unit
    }

    @inline(__always) static func isSurrogate(_ character: UInt32) -> Bool {
        character & 0xFFFF_F800 == 0xD800
    }

    /// Writes a character as UTF-8, a surrogate as if it were one, and returns the number of bytes.
    static func encode(_ character: UInt32, to target: UnsafeMutablePointer<UInt8>) -> Int {
        func tail(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: 0x80 | (character &>> shift) & 0x3F) }
        switch character {
        case 0..<0x80:
            target[0] = UInt8(truncatingIfNeeded: character)
            return 1
        case 0x80..<0x800:
            target[0] = UInt8(truncatingIfNeeded: 0xC0 | character &>> 6)
            target[1] = tail(0)
            return 2
        case 0x800..<0x10000:
            target[0] = UInt8(truncatingIfNeeded: 0xE0 | character &>> 12)
            target[1] = tail(6)
            target[2] = tail(0)
            return 3
        default:
            target[0] = UInt8(truncatingIfNeeded: 0xF0 | character &>> 18)
            target[1] = tail(12)
            target[2] = tail(6)
            target[3] = tail(0)
            return 4
        }
    }

    /// Decodes what stands between the quotes of a string.
    ///
    /// - Parameter target: Room for as many bytes as `characters` has; escapes are never shorter than what
    ///   they stand for.
    /// - Returns: The number of bytes written, and whether all of it is valid UTF-8: unpaired surrogates are
    ///   written as if they were characters.
    static func decode(
        _ characters: Bytes, to target: UnsafeMutablePointer<UInt8>
    ) -> (count: Int, isUnicode: Bool) {
        var position = 0
        var count = 0
        var isUnicode = true
        while position < characters.count {
            let byte = characters[position]
            if byte == UInt8(ascii: "\\") {
                let character = unescape(characters, at: &position)
                if isSurrogate(character) { isUnicode = false }
                count &+= encode(character, to: target + count)
            } else {
                target[count] = byte
                count &+= 1
                position &+= 1
            }
        }
        return (count, isUnicode)
    }

    static func hasEscapes(_ text: Bytes) -> Bool {
        guard let base = text.baseAddress else { return false }
        return memchr(base, 0x5C, text.count) != nil
    }

    /// Whether two views have the same bytes.
    @inline(__always) static func areEqual(_ left: Bytes, _ right: Bytes) -> Bool {
        guard left.count == right.count else { return false }
        guard let first = left.baseAddress, let second = right.baseAddress else { return true }
        return memcmp(first, second, left.count) == 0
    }

    /// Whether `left` comes first in the order of bytes.
    @inline(__always) static func precedes(_ left: Bytes, _ right: Bytes) -> Bool {
        let common = min(left.count, right.count)
        guard common > 0, let first = left.baseAddress, let second = right.baseAddress else {
            return left.count < right.count
        }
        let order = memcmp(first, second, common)
        return order < 0 || (order == 0 && left.count < right.count)
    }

    /// For messages: what kind of value a text is.
    static func kind(of text: Bytes) -> String {
        switch text.first {
        case UInt8(ascii: "\""): "a string"
        case UInt8(ascii: "{"): "an object"
        case UInt8(ascii: "["): "an array"
        case UInt8(ascii: "t"): "true"
        case UInt8(ascii: "f"): "false"
        case UInt8(ascii: "n"): "null"
        default: "a number"
        }
    }
}
