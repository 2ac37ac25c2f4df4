/// A length of time as settings are written: `50ms`, `2s`, `10m`, `1h`, `7d`.
package struct TimeSpan: Equatable, Sendable, CustomStringConvertible {
    package let milliseconds: Int64

    /// `ms` before `s`, which it ends with.
    private static let units: [(suffix: String, milliseconds: Int)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// - Parameter text: decimal digits and one of the units ms, s, m, h, d, nothing else.
    /// - Returns: `nil` if `text` is not that, or is more milliseconds than fit.
    package init?(_ text: String) {
        guard let unit = Self.units.first(where: { text.hasSuffix($0.suffix) }),
            let number = Int(digits: text.dropLast(unit.suffix.count))
        else { return nil }
        let (milliseconds, overflow) = number.multipliedReportingOverflow(by: unit.milliseconds)
        guard !overflow else { return nil }
        self.milliseconds = Int64(milliseconds)
    }

    /// The largest unit that divides it: reads back as the same length.
    package var description: String {
        let unit = Self.units.last { milliseconds != 0 && milliseconds % Int64($0.milliseconds) == 0 }
        return unit.map { "\(milliseconds / Int64($0.milliseconds))\($0.suffix)" } ?? "\(milliseconds)ms"
    }
}
