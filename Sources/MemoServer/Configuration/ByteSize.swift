/// A number of bytes as settings are written: `1048576`, `64KiB`, `256MiB`, `4GiB`, `1TiB`.
package struct ByteSize: Equatable, Sendable, CustomStringConvertible {
    package let bytes: Int

    private static let units: [(suffix: String, shift: Int)] = [
        ("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10), ("", 0),
    ]

    package init(bytes: Int) {
        self.bytes = bytes
    }

    /// - Parameter text: decimal digits and at most one of the suffixes KiB, MiB, GiB, TiB, nothing else: no
    ///   sign, white space, fraction or other spelling of a unit.
    /// - Returns: `nil` if `text` is not that, or is more than `Int.max` bytes.
    package init?(_ text: String) {
        guard let unit = Self.units.first(where: { text.hasSuffix($0.suffix) }),
            let number = Int(digits: text.dropLast(unit.suffix.count))
        else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << unit.shift)
        guard !overflow else { return nil }
        self.bytes = bytes
    }

    /// The largest unit that divides it: reads back as the same number.
    package var description: String {
        let unit = Self.units.first { bytes != 0 && bytes & ((1 << $0.shift) - 1) == 0 }
        return unit.map { "\(bytes >> $0.shift)\($0.suffix)" } ?? "\(bytes)"
    }
}

extension Int {
    /// Only decimal ASCII digits: `Int.init` would take a sign as well.
    init?(digits text: Substring) {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else {
            return nil
        }
        self.init(text)
    }
}
