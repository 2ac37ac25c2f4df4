/// A decimal by school arithmetic on its text: the digits are moved until no exponent is left. For small
/// exponents only.
struct ReferenceDecimal: Hashable {
    var isNegative: Bool
    var whole: String
    var fraction: String

    /// What `typed` tells apart: integers, and numbers written with a fraction or exponent.
    struct Typed: Hashable {
        var decimal: ReferenceDecimal
        var isWrittenAsInteger: Bool

        init(_ text: String) {
            decimal = ReferenceDecimal(text)
            isWrittenAsInteger = !text.contains { ".eE".contains($0) }
        }
    }

    init(_ text: String) {
        var text = text
        isNegative = text.hasPrefix("-")
        if isNegative { text.removeFirst() }
        var exponent = 0
        if let mark = text.firstIndex(where: { $0 == "e" || $0 == "E" }) {
            exponent = Int(text[text.index(after: mark)...])!
            text = String(text[..<mark])
        }
        let parts = text.split(separator: ".")
        whole = String(parts[0])
        fraction = parts.count > 1 ? String(parts[1]) : ""
        while exponent > 0 {
            whole.append(fraction.isEmpty ? "0" : fraction.removeFirst())
            exponent -= 1
        }
        while exponent < 0 {
            fraction.insert(whole.isEmpty ? "0" : whole.removeLast(), at: fraction.startIndex)
            exponent += 1
        }
        while whole.hasPrefix("0") { whole.removeFirst() }
        while fraction.hasSuffix("0") { fraction.removeLast() }
        if whole.isEmpty, fraction.isEmpty { isNegative = false }
    }
}
