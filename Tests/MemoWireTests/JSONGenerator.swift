internal import TestSupport

/// Random JSON texts, and random damage to them.
struct JSONGenerator {
    var random: SeededGenerator

    mutating func text(depth: Int = 3) -> [UInt8] {
        var text: [UInt8] = []
        append(depth, &text)
        return text
    }

    private mutating func space(_ text: inout [UInt8]) {
        while random.chance(15) { text.append(random.pick(Array(" \t\r\n".utf8))) }
    }

    private mutating func append(_ depth: Int, _ text: inout [UInt8]) {
        space(&text)
        switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &random) {
        case 0: text += random.pick(["true", "false", "null"]).utf8
        case 1, 2: text += number().utf8
        case 3, 4: text += string()
        case 5, 6:
            let isObject = random.chance(50)
            text.append(UInt8(ascii: isObject ? "{" : "["))
            let count = Int.random(in: 0...3, using: &random)
            for index in 0..<count {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                space(&text)
                if isObject {
                    text += string()
                    space(&text)
                    text.append(UInt8(ascii: ":"))
                }
                append(depth - 1, &text)
            }
            space(&text)
            text.append(UInt8(ascii: isObject ? "}" : "]"))
        default:
            // Deep, near the scanner's word boundaries.
            let levels = random.pick([1, 2, 7, 63, 64, 65])
            text += Array(repeating: UInt8(ascii: "["), count: levels)
            append(0, &text)
            text += Array(repeating: UInt8(ascii: "]"), count: levels)
        }
        space(&text)
    }

    mutating func number() -> String {
        var text = random.chance(30) ? "-" : ""
        text += random.chance(20) ? "0" : digits(leadingZero: false)
        if random.chance(30) { text += "." + digits(leadingZero: true) }
        if random.chance(30) {
            text += random.pick(["e", "E", "e+", "E-", "e-"]) + digits(leadingZero: true)
        }
        return text
    }

    private mutating func digits(leadingZero: Bool) -> String {
        let count = random.chance(5) ? 40 : Int.random(in: 1...4, using: &random)
        var text = leadingZero ? random.pick(["0", "7"]) : "1"
        for _ in 1..<count { text += String(Int.random(in: 0...9, using: &random)) }
        return text
    }

    mutating func string() -> [UInt8] {
        var text = [UInt8(ascii: "\"")]
        for _ in 0..<random.pick([0, 1, 2, 5, 9, 20]) {
            switch Int.random(in: 0..<10, using: &random) {
            case 0: text += random.pick(["\\n", "\\\"", "\\\\", "\\/", "\\b", "\\t", "\\f", "\\r"]).utf8
            case 1: text += random.pick(["\\u0041", "\\ud83d\\ude00", "\\u00e9", "\\u0000", "\\uFFFF"]).utf8
            case 2:
                text += random.pick(["é", "ß", "日", "\u{FFFD}", "😀", "\u{10FFFF}", "\u{800}", "\u{7F}"]).utf8
            default: text.append(UInt8.random(in: UInt8(ascii: "a")...UInt8(ascii: "z"), using: &random))
            }
        }
        text.append(UInt8(ascii: "\""))
        return text
    }

    /// Bytes at which parsers go wrong.
    private static let suspects: [UInt8] =
        Array("\"\\{}[]:,0123456789.eE+-tfnu/ \n\r\t".utf8) + [
            0, 1, 0x1F, 0x7F, 0x80, 0xBF, 0xC0, 0xC1, 0xC2, 0xE0, 0x9F, 0xA0, 0xED, 0xEF, 0xBB, 0xF0, 0x8F,
            0x90,
            0xF4, 0xF5, 0xFF, 0x0B, 0x0C, 0xA0,
        ]

    mutating func damage(_ text: [UInt8]) -> [UInt8] {
        var text = text
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let index = Int.random(in: 0...text.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: text.insert(random.pick(Self.suspects), at: index)
            case 1: if index < text.count { text[index] = random.pick(Self.suspects) }
            case 2: if index < text.count { text.remove(at: index) }
            case 3: text.removeSubrange(index...)
            default: if index < text.count { text.insert(text[index], at: index) }
            }
        }
        return text
    }
}
