internal import ArgumentParser
internal import MemoWire

/// A time as the command line has it: `50ms`, `2s`, `10m`, `1h`, `7d`.
struct DurationArgument: ExpressibleByArgument, Equatable {
    let duration: Duration

    init(_ duration: Duration) {
        self.duration = duration
    }

    /// `nil` if it is not a whole number and a unit, or more milliseconds than the protocol can say.
    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits), let unit = Self.units[String(argument.dropFirst(digits.count))]
        else {
            return nil
        }
        let (milliseconds, overflow) = count.multipliedReportingOverflow(by: unit)
        guard !overflow, milliseconds <= WireLimits.integer else { return nil }
        duration = .milliseconds(milliseconds)
    }

    private static let units: [String: Int64] = [
        "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000,
    ]

    var defaultValueDescription: String { HumanFormat.duration(duration).filter { $0 != " " } }
    static var defaultCompletionKind: CompletionKind { .list(["50ms", "2s", "10m", "1h", "7d"]) }
}
