/// Words so spelt that bash takes them for nothing but themselves.
enum BashWord {
    /// - Parameter quote: the quote within which it will stand; the shell closes it.
    static func spelling(_ text: some Sequence<Unicode.Scalar>, in quote: BashLine.Quote) -> String {
        var spelling = ""
        for scalar in text {
            if scalar.properties.generalCategory == .control {
                // Only $'…' can say these so that they survive the line editor.
                let codes = String(scalar).utf8.map { "\\x" + hexadecimal($0) }.joined()
                spelling += outside("$'\(codes)'", quote)
            } else {
                spelling += escaped(scalar, quote)
            }
        }
        return spelling
    }

    private static func escaped(_ scalar: Unicode.Scalar, _ quote: BashLine.Quote) -> String {
        switch quote {
        case .none: isPlain(scalar) ? String(scalar) : "\\\(scalar)"
        case .single, .ansi: scalar == "'" ? outside("\\'", quote) : String(scalar)
        case .double:
            switch scalar {
            case "\\", "\"", "$", "`": "\\\(scalar)"
            // History is expanded within double quotes, and a backslash there would stay.
            case "!": outside("\\!", quote)
            default: String(scalar)
            }
        }
    }

    /// Something that stands outside of the open quote.
    private static func outside(_ text: String, _ quote: BashLine.Quote) -> String {
        switch quote {
        case .none: text
        case .single, .ansi: "'\(text)'"
        case .double: "\"\(text)\""
        }
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        if !scalar.isASCII { return scalar.properties.generalCategory != .spaceSeparator }
        return scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
            || "_-./:=@%+,".unicodeScalars.contains(scalar)
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}
