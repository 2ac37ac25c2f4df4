internal import MemoWire

/// Shell-like patterns for function names: `*` stands for any bytes, `?` for one.
enum Pattern {
    static func matches(_ pattern: String, _ name: String) -> Bool {
        var name = name
        return name.withUTF8 { matches(pattern, Bytes($0)) }
    }

    static func matches(_ pattern: String, _ name: Bytes) -> Bool {
        var pattern = pattern
        return pattern.withUTF8 { pattern in
            var (at, next) = (0, 0)
            var retry: (pattern: Int, name: Int)?
            while next < name.count {
                if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
                    retry = (at, next)
                    at += 1
                } else if at < pattern.count, pattern[at] == UInt8(ascii: "?") || pattern[at] == name[next] {
                    at += 1
                    next += 1
                } else if let star = retry {
                    at = star.pattern + 1
                    next = star.name + 1
                    retry = (star.pattern, star.name + 1)
                } else {
                    return false
                }
            }
            while at < pattern.count, pattern[at] == UInt8(ascii: "*") { at += 1 }
            return at == pattern.count
        }
    }
}
