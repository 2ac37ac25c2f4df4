internal import ArgumentParser
internal import MemoClient
internal import MemoWire

/// A number of bytes as the command line has it: `4096`, `64KiB`, `256MiB`, `4GiB`; or `none` for no bound.
struct SizeArgument: ExpressibleByArgument {
    let limit: Limit

    init?(argument: String) {
        if argument.lowercased() == "none" {
            limit = .unlimited
            return
        }
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits), let unit = Self.units[String(argument.dropFirst(digits.count))]
        else {
            return nil
        }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: unit)
        guard !overflow, bytes <= WireLimits.integer else { return nil }
        limit = .entries(bytes)
    }

    private static let units: [String: Int64] = [
        "": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
    ]

    static var defaultCompletionKind: CompletionKind { .list(["1MiB", "64MiB", "1GiB", "none"]) }
}
