/// What follows the last `@` of a function's name is a version of it.
struct FunctionVersion {
    let base: String
    let version: String

    /// `nil` if a name has none.
    init?(_ name: String) {
        guard let mark = name.lastIndex(of: "@"), mark > name.startIndex else { return nil }
        base = String(name[..<mark])
        version = String(name[name.index(after: mark)...])
        if version.isEmpty { return nil }
    }

    /// `1.9` before `1.10`: numbers within them count as such.
    static func precedes(_ left: String, _ right: String) -> Bool {
        let (left, right) = (parts(left), parts(right))
        for (one, other) in zip(left, right) where one != other {
            if let one = Int(one), let other = Int(other), one != other { return one < other }
            return one.utf8.lexicographicallyPrecedes(other.utf8)
        }
        return left.count < right.count
    }

    /// Runs of digits, and what stands between them.
    private static func parts(_ version: String) -> [String] {
        var parts: [String] = []
        var wasDigit = false
        for character in version {
            let isDigit = character.isASCII && character.isNumber
            if parts.isEmpty || isDigit != wasDigit { parts.append("") }
            parts[parts.count - 1].append(character)
            wasDigit = isDigit
        }
        return parts
    }
}
