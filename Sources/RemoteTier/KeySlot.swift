/// Which of a cluster's slots a key is in.
package enum KeySlot {
    package static let count = 16_384

    /// CRC16 (XMODEM) of the key, or of what stands in its first braces if that is not empty.
    package static func of(_ name: [UInt8]) -> Int {
        var part = name[...]
        if let open = name.firstIndex(of: UInt8(ascii: "{")),
            let close = name[(open + 1)...].firstIndex(of: UInt8(ascii: "}")), close > open + 1
        {
            part = name[(open + 1)..<close]
        }
        var sum: UInt16 = 0
        for byte in part { sum = sum << 8 ^ table[Int(UInt8(sum >> 8) ^ byte)] }
        return Int(sum) % count
    }

    private static let table: [UInt16] = (0..<256).map { byte in
        (0..<8).reduce(UInt16(byte) << 8) { sum, _ in sum & 0x8000 == 0 ? sum << 1 : sum << 1 ^ 0x1021 }
    }
}
