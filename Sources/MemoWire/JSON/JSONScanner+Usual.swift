extension JSONScanner {
    /// The end of a string of ASCII without escapes, of an integer of few digits, or of a literal, that begins at `start`.
    /// - Returns: `nil` for everything else, and for what ends with the text.
    @inline(__always)
    func endOfUsual(at start: Int) -> Int? {
        let base = UnsafeRawPointer(base)
        var next = start
        let first = base.load(fromByteOffset: start, as: UInt8.self)
        if first == UInt8(ascii: "\"") {
            next &+= 1
            while next &+ 8 <= end {
                let special = Self.specialBytes(
                    in: base.loadUnaligned(fromByteOffset: next, as: UInt64.self).littleEndian)
                if special == 0 {
                    next &+= 8
                    continue
                }
                next &+= special.trailingZeroBitCount &>> 3
                break
            }
            // Among the last bytes there may be no word.
            while next < end, base.load(fromByteOffset: next, as: UInt8.self) != UInt8(ascii: "\"") {
                let byte = base.load(fromByteOffset: next, as: UInt8.self)
                guard byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\\") else { return nil }
                next &+= 1
            }
            next &+= 1
        } else if first >= UInt8(ascii: "f") {
            guard end &- start > 5 else { return nil }
            let word = base.loadUnaligned(fromByteOffset: start, as: UInt32.self).littleEndian
            if word == 0x6575_7274 || word == 0x6c6c_756e {  // true, null
                next &+= 4
            } else if word == 0x736c_6166,
                base.load(fromByteOffset: start &+ 4, as: UInt8.self) == UInt8(ascii: "e")
            {
                next &+= 5
            } else {
                return nil
            }
        } else {
            // A zero before other digits is none, and is left to those who say so.
            guard first &- UInt8(ascii: "1") < 9 else { return nil }
            let most = min(end, start &+ 15)
            while next < most, base.load(fromByteOffset: next, as: UInt8.self) &- UInt8(ascii: "0") < 10 {
                next &+= 1
            }
        }
        return next < end ? next : nil
    }
}
