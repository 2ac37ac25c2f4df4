/// How many columns of a terminal a text takes: an approximation of wcwidth, which needs a locale.
enum DisplayWidth {
    static func of(_ text: some StringProtocol) -> Int {
        var width = 0
        for character in text { width += of(character) }
        return width
    }

    static func of(_ character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first else { return 0 }
        if scalar.isASCII { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,
            0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F,
            0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x1FA70...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }

    /// The beginning of a text that fits, with an ellipsis where something was left out.
    static func fit(_ text: String, _ columns: Int) -> String {
        guard of(text) > columns, columns > 0 else { return text }
        var fitted = ""
        var width = 1
        for character in text {
            width += of(character)
            if width > columns { break }
            fitted.append(character)
        }
        return fitted + "…"
    }

    /// A text as lines that fit, broken at spaces where there are any.
    static func wrapped(_ text: String, _ columns: Int) -> [String] {
        var lines: [String] = []
        var rest = Substring(text)
        while of(rest) > columns, columns > 0 {
            var width = 0
            let fits = rest.prefix { character in
                width += of(character)
                return width <= columns
            }
            // A character that is wider than the line has one of its own.
            let most = fits.isEmpty ? rest.index(after: rest.startIndex) : fits.endIndex
            guard most < rest.endIndex else { break }
            let space = rest[most] == " " ? most : fits.lastIndex(of: " ")
            if let space, space > rest.startIndex {
                lines.append(String(rest[..<space]))
                rest = rest[rest.index(after: space)...]
            } else {
                lines.append(String(rest[..<most]))
                rest = rest[most...]
            }
        }
        return lines + [String(rest)]
    }

    /// The beginning of a line that fits, colours and other attributes left out of account and all kept.
    static func cut(_ line: String, _ columns: Int) -> String {
        var cut = ""
        var width = 0
        var isInAttribute = false
        for character in line {
            if character == "\u{1B}" { isInAttribute = true }
            if isInAttribute {
                cut.append(character)
                if character == "m" { isInAttribute = false }
                continue
            }
            width += of(character)
            if width <= columns { cut.append(character) }
        }
        return cut
    }
}
