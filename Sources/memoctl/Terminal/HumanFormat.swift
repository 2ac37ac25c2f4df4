/// Sizes, times and ratios for people.
enum HumanFormat {
    /// `1 entry`, `2 entries`.
    static func count(_ count: Int64, _ one: String, _ many: String) -> String {
        "\(count) \(count == 1 ? one : many)"
    }

    /// `512 B`, `12.3 KiB`, `4 GiB`.
    static func bytes(_ count: Int64) -> String {
        let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        guard count.magnitude >= 1024 else { return "\(count) B" }
        var value = Double(count) / 1024
        var unit = 0
        // What would be rounded to 1024 of a unit is 1 of the next.
        while value.magnitude >= 1023.95, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return "\(decimal(value, places: 1)) \(units[unit])"
    }

    /// `250 us`, `9.5 s`, `2m 3s`, `3h 4m`, `12d 1h`.
    static func duration(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, attoseconds >= 0 else { return "-" + Self.duration(.zero - duration) }
        switch seconds {
        case 0:
            let microseconds = Double(attoseconds) / 1e12
            if microseconds == 0 { return "0 s" }
            if microseconds < 999.5 {
                return "\(decimal(microseconds, places: microseconds < 9.95 ? 1 : 0)) us"
            }
            return "\(decimal(microseconds / 1000, places: microseconds < 9950 ? 1 : 0)) ms"
        case 1..<60:
            return "\(decimal(Double(seconds) + Double(attoseconds) / 1e18, places: seconds < 10 ? 1 : 0)) s"
        case 60..<3600: return pair(seconds / 60, "m", seconds % 60, "s")
        case 3600..<86400: return pair(seconds / 3600, "h", seconds % 3600 / 60, "m")
        default: return pair(seconds / 86400, "d", seconds % 86400 / 3600, "h")
        }
    }

    static func duration(milliseconds: Int64) -> String {
        duration(.milliseconds(milliseconds))
    }

    /// `97.5%`; a dash if there is nothing to divide. 0.0% and 100.0% are none and all, and nothing near them.
    /// Always with its decimal, so that the points of a column stand below each other.
    static func ratio(_ part: Int64, of whole: Int64) -> String {
        guard whole > 0 else { return "-" }
        if 0 < part, Double(part) / Double(whole) < 0.0005 { return "<0.1%" }
        if part < whole, Double(part) / Double(whole) >= 0.9995 { return ">99.9%" }
        let tenths = Int((1000 * Double(part) / Double(whole)).rounded())
        return "\(tenths / 10).\(tenths % 10)%"
    }

    /// Rounded half away from zero, without superfluous zeros.
    static func decimal(_ value: Double, places: Int) -> String {
        guard value.isFinite, value.magnitude < 1e15 else { return "\(value)" }
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let scaled = Int64((value.magnitude * scale).rounded())
        let whole = scaled / Int64(scale)
        let sign = value < 0 && scaled > 0 ? "-" : ""
        var fraction = String(scaled % Int64(scale))
        fraction = String(repeating: "0", count: max(0, places - fraction.count)) + fraction
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return fraction.isEmpty ? "\(sign)\(whole)" : "\(sign)\(whole).\(fraction)"
    }

    private static func pair(_ large: Int64, _ largeUnit: String, _ small: Int64, _ smallUnit: String)
        -> String
    {
        small == 0 ? "\(large)\(largeUnit)" : "\(large)\(largeUnit) \(small)\(smallUnit)"
    }
}
