/// Makes text from elsewhere safe to show.
package enum TextEscaping {
    /// The text with control characters, and those that change the direction of text, as JSON escapes: a value
    /// that is JSON stays the same JSON.
    package static func printable(_ text: some StringProtocol) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return String(text) }
        var printable = ""
        for scalar in text.unicodeScalars {
            if isControl(scalar) {
                for unit in String(scalar).utf16 { printable += escape(unit) }
            } else {
                printable.unicodeScalars.append(scalar)
            }
        }
        return printable
    }

    /// The beginning of data within a message: printable, and no longer than a person reads.
    package static func shown(_ text: some StringProtocol, atMost scalars: Int = 60) -> String {
        var beginning = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            guard beginning.count < scalars else { return printable(String(beginning)) + "…" }
            beginning.append(scalar)
        }
        return printable(String(beginning))
    }

    private static func escape(_ unit: UInt16) -> String {
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        // Joiners and the like are part of words and emoji; marks, embeddings, overrides and isolates of
        // direction are not, and neither are the invisible tags.
        case .format:
            switch scalar.value {
            case 0x200E, 0x200F, 0x061C, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF, 0xE0001...0xE007F: true
            default: false
            }
        default: false
        }
    }
}
