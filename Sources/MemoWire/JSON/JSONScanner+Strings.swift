extension JSONScanner {
    /// Passes over a string; the position is at its opening quote.
    @inline(__always) mutating func skipString() throws(JSONError) {
        var next = position &+ 1
        while true {
            while next &+ 8 <= end {
                let word = UnsafeRawPointer(base + next).loadUnaligned(as: UInt64.self).littleEndian
                let special = Self.specialBytes(in: word)
                if special == 0 {
                    next &+= 8
                    continue
                }
                next &+= special.trailingZeroBitCount &>> 3
                break
            }
            guard next < end else { throw JSONError(.closingQuote, at: next) }
            let byte = base[next]
            if byte == UInt8(ascii: "\"") {
                position = next &+ 1
                return
            }
            if byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\\") {
                next &+= 1
            } else {
                next = try endOfUnusual(at: next)
            }
        }
    }

    /// The high bit of each byte that cannot be passed over in a string: quote, backslash, below U+0020, not
    /// ASCII. Bits above the lowest one set may be wrong. (The byte tests are those of Hacker's Delight, 6-1.)
    @inline(__always) static func specialBytes(in word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ (ones &* 0x22)
        let backslashes = word ^ (ones &* 0x5C)
        let ascii = (word &- ones &* 0x20) | (quotes &- ones) | (backslashes &- ones)
        return (ascii | word) & (ones &* 0x80)
    }

    /// The position behind an escape, or behind a run of characters beyond ASCII.
    private mutating func endOfUnusual(at start: Int) throws(JSONError) -> Int {
        var next = start
        if base[next] == UInt8(ascii: "\\") {
            traits.formUnion(.escaped)
            return try endOfEscape(at: next)
        }
        guard base[next] >= 0x80 else { throw JSONError(.controlCharacter, at: next) }
        repeat {
            next = try endOfCharacter(at: next)
        } while next < end && base[next] >= 0x80
        return next
    }

    private func endOfEscape(at backslash: Int) throws(JSONError) -> Int {
        let next = backslash &+ 1
        guard next < end else { throw JSONError(.escape, at: next) }
        switch base[next] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return next &+ 1
        case UInt8(ascii: "u"):
            for offset in 1...4 {
                guard next &+ offset < end, JSONText.hexValue(base[next &+ offset]) != nil else {
                    throw JSONError(.hexDigits, at: next &+ offset)
                }
            }
            return next &+ 5
        default:
            throw JSONError(.escape, at: next)
        }
    }

    /// The position behind one character of two to four bytes: table 3-7 of the Unicode standard, which
    /// leaves out overlong forms, surrogates and what is beyond U+10FFFF.
    private func endOfCharacter(at start: Int) throws(JSONError) -> Int {
        let lead = base[start]
        let second: ClosedRange<UInt8>
        let length: Int
        switch lead {
        case 0xC2...0xDF: (second, length) = (0x80...0xBF, 2)
        case 0xE0: (second, length) = (0xA0...0xBF, 3)
        case 0xED: (second, length) = (0x80...0x9F, 3)
        case 0xE1...0xEF: (second, length) = (0x80...0xBF, 3)
        case 0xF0: (second, length) = (0x90...0xBF, 4)
        case 0xF1...0xF3: (second, length) = (0x80...0xBF, 4)
        case 0xF4: (second, length) = (0x80...0x8F, 4)
        default: throw JSONError(.utf8, at: start)
        }
        guard start &+ length <= end, second.contains(base[start &+ 1]) else {
            throw JSONError(.utf8, at: start)
        }
        if length > 2, base[start &+ 2] & 0xC0 != 0x80 { throw JSONError(.utf8, at: start) }
        if length > 3, base[start &+ 3] & 0xC0 != 0x80 { throw JSONError(.utf8, at: start) }
        return start &+ length
    }
}
