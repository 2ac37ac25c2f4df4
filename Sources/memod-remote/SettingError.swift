/// A setting that does not do, and why.
struct SettingError: Error, CustomStringConvertible {
    let description: String

    init(_ setting: String, _ message: String) { description = "\(setting): \(message)" }
}

/// `50ms`, `2s`, `1m`.
struct Milliseconds {
    let count: Int64

    init?(_ text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let factors: [String: Int64] = ["ms": 1, "s": 1000, "m": 60_000]
        guard let number = Int64(digits), number <= 3_600_000,
            let factor = factors[String(text[digits.endIndex...])]
        else { return nil }
        count = number * factor
    }
}
