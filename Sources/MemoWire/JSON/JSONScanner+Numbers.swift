extension JSONScanner {
    /// Integers of up to this many digits are their own canonical form.
    static let plainDigits = 20

    @inline(__always) private static func isDigit(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10
    }

    /// Passes over a number of any length; the position is at its sign or first digit.
    mutating func skipNumber() throws(JSONError) {
        let start = position
        if peek == UInt8(ascii: "-") { position &+= 1 }
        let digits = position
        guard Self.isDigit(peek) else { throw JSONError(.digit, at: position) }
        if peek == UInt8(ascii: "0") {
            position &+= 1
            if Self.isDigit(peek) { throw JSONError(.leadingZero, at: digits) }
            if digits != start { traits.formUnion(.unusualNumber) }
        } else {
            skipDigits()
            if position &- digits > Self.plainDigits { traits.formUnion(.unusualNumber) }
        }
        if peek == UInt8(ascii: ".") {
            traits.formUnion(.unusualNumber)
            position &+= 1
            guard Self.isDigit(peek) else { throw JSONError(.digit, at: position) }
            skipDigits()
        }
        if peek | 0x20 == UInt8(ascii: "e") {
            traits.formUnion(.unusualNumber)
            position &+= 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position &+= 1 }
            guard Self.isDigit(peek) else { throw JSONError(.digit, at: position) }
            skipDigits()
        }
    }

    @inline(__always) private mutating func skipDigits() {
        while position < end, Self.isDigit(base[position]) { position &+= 1 }
    }
}
