/// RFC 8259 read straight from its grammar: slow, recursive, and with nothing in common with the scanner.
struct ReferenceValidator {
    private var rest: ArraySlice<UInt8>
    private var open = 0

    static func accepts(_ text: [UInt8]) -> Bool {
        // The standard library's decoder judges the encoding.
        guard String(validating: text, as: UTF8.self) != nil else { return false }
        var validator = ReferenceValidator(rest: text[...])
        validator.whitespace()
        guard validator.value() else { return false }
        validator.whitespace()
        return validator.rest.isEmpty
    }

    private init(rest: ArraySlice<UInt8>) { self.rest = rest }

    private mutating func take(_ literal: String) -> Bool {
        guard let first = rest.first, first == literal.utf8.first, rest.starts(with: literal.utf8) else {
            return false
        }
        rest.removeFirst(literal.utf8.count)
        return true
    }

    private mutating func take(oneOf characters: String) -> Bool {
        guard let first = rest.first, characters.utf8.contains(first) else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func whitespace() {
        while take(oneOf: " \t\n\r") {}
    }

    private mutating func value() -> Bool {
        if take("{") { return container("}") { $0.member() } }
        if take("[") { return container("]") { $0.value() } }
        if rest.first == UInt8(ascii: "\"") { return string() }
        return take("true") || take("false") || take("null") || number()
    }

    private mutating func container(_ end: String, _ item: (inout Self) -> Bool) -> Bool {
        open += 1
        defer { open -= 1 }
        guard open <= 512 else { return false }
        whitespace()
        if take(end) { return true }
        repeat {
            whitespace()
            guard item(&self) else { return false }
            whitespace()
        } while take(",")
        return take(end)
    }

    private mutating func member() -> Bool {
        guard string() else { return false }
        whitespace()
        guard take(":") else { return false }
        whitespace()
        return value()
    }

    private mutating func string() -> Bool {
        guard take("\"") else { return false }
        while let byte = rest.first {
            if take("\"") { return true }
            if take("\\") {
                if take("u") {
                    for _ in 0..<4 where !take(oneOf: "0123456789abcdefABCDEF") { return false }
                } else if !take(oneOf: "\"\\/bfnrt") {
                    return false
                }
            } else {
                guard byte >= 32 else { return false }
                rest.removeFirst()
            }
        }
        return false
    }

    private mutating func digits() -> Bool {
        guard take(oneOf: "0123456789") else { return false }
        while take(oneOf: "0123456789") {}
        return true
    }

    private mutating func number() -> Bool {
        _ = take("-")
        if !take("0"), !digits() { return false }
        if take("."), !digits() { return false }
        if take(oneOf: "eE") {
            _ = take(oneOf: "+-")
            return digits()
        }
        return true
    }
}
