/// A number's text taken apart into digits and a power of ten, without loss.
///
/// Its magnitude is the digits `first..<last` of `digits`, read as an integer, times ten to `exponent`. The
/// first and the last of them are not 0; a zero has none.
struct JSONNumber {
    let text: Bytes
    let isNegative: Bool
    /// Written without a fraction and without an exponent.
    let isInteger: Bool
    /// The exponent as it was written is beyond `WireLimits.keyExponent`. `exponent` is then only as good
    /// as its sign.
    let isExponentTooLarge: Bool
    let exponent: Int64
    /// Where the digits before the point are, and those behind it.
    private let whole: Range<Int>
    private let fraction: Range<Int>
    /// The significant digits, counted over both.
    private let first: Int
    private let last: Int

    /// - Parameter text: A number that the scanner has passed over.
    init(_ text: Bytes) {
        self.text = text
        isNegative = text[0] == UInt8(ascii: "-")
        var position = isNegative ? 1 : 0
        func skipDigits() -> Range<Int> {
            let start = position
            while position < text.count, text[position] &- UInt8(ascii: "0") < 10 { position &+= 1 }
            return start..<position
        }
        whole = skipDigits()
        if position < text.count, text[position] == UInt8(ascii: ".") {
            position &+= 1
            fraction = skipDigits()
        } else {
            fraction = position..<position
        }
        isInteger = whole.upperBound == text.count
        var written: Int64 = 0
        if position < text.count {
            position &+= 1
            let isMinus = text[position] == UInt8(ascii: "-")
            if isMinus || text[position] == UInt8(ascii: "+") { position &+= 1 }
            while position < text.count {
                // Stays where it is once it is beyond the limit.
                if written <= WireLimits.keyExponent {
                    written = written &* 10 &+ Int64(text[position] &- UInt8(ascii: "0"))
                }
                position &+= 1
            }
            isExponentTooLarge = written > WireLimits.keyExponent
            if isMinus { written = -written }
        } else {
            isExponentTooLarge = false
        }
        let point = whole.count
        let (beforePoint, behindPoint) = (whole.lowerBound, fraction.lowerBound &- point)
        func isZero(_ index: Int) -> Bool {
            text[index &+ (index < point ? beforePoint : behindPoint)] == UInt8(ascii: "0")
        }
        var first = 0
        var last = point &+ fraction.count
        while first < last, isZero(first) { first &+= 1 }
        while last > first, isZero(last &- 1) { last &-= 1 }
        self.first = first
        self.last = last
        exponent = written &+ Int64(whole.count &- last)
    }

    var isZero: Bool { first == last }

    /// How many significant digits there are.
    var digitCount: Int { last &- first }

    /// The significant digits in one or two pieces.
    func digits(_ range: Range<Int>) -> (Bytes, Bytes) {
        let lower = range.lowerBound &+ first
        let upper = range.upperBound &+ first
        let point = whole.count
        let before = min(lower, point)..<min(upper, point)
        let behind = max(lower, point)..<max(upper, point)
        let shift = fraction.lowerBound &- point
        let sign = whole.lowerBound
        return (
            Bytes(rebasing: text[(before.lowerBound &+ sign)..<(before.upperBound &+ sign)]),
            Bytes(rebasing: text[(behind.lowerBound &+ shift)..<(behind.upperBound &+ shift)])
        )
    }

    /// Whether it has no fraction, however it was written.
    var isIntegral: Bool { isZero || exponent >= 0 }

    /// Its value, if it is integral and of at most 18 digits.
    var integer: Int64? {
        if isZero { return 0 }
        guard exponent >= 0, exponent <= 18, Int64(digitCount) + exponent <= 18 else { return nil }
        var value: Int64 = 0
        let (before, behind) = digits(0..<digitCount)
        for byte in before { value = value &* 10 &+ Int64(byte &- UInt8(ascii: "0")) }
        for byte in behind { value = value &* 10 &+ Int64(byte &- UInt8(ascii: "0")) }
        for _ in 0..<exponent { value &*= 10 }
        return isNegative ? -value : value
    }
}
