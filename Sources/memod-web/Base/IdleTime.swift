internal import ArgumentParser

/// `500ms`, `30s`, `10m`, `1h`, `7d`.
struct IdleTime: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits), let unit = Self.units[String(argument.dropFirst(digits.count))],
            (1...Self.countMax).contains(count)
        else { return nil }
        duration = .milliseconds(count * unit)
    }

    private static let units: [String: Int64] = [
        "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000,
    ]
    private static let countMax: Int64 = 10_000_000
}
