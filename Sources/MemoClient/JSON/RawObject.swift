internal import MemoWire

/// Finds the members of a JSON object, or the elements of an array, without reading what is in them: a value of
/// megabytes is passed over once and stays as it came.
enum RawObject {
    struct Member: Sendable {
        var name: String
        var value: Range<Int>
    }

    /// - Returns: `nil` if the text is not an object. What the members hold is not validated.
    static func members(of text: ArraySlice<UInt8>) -> [Member]? {
        var reader = Reader(text)
        guard reader.take(0x7B) else { return nil }
        var members: [Member] = []
        if reader.take(0x7D) { return reader.isAtEnd ? members : nil }
        while true {
            guard reader.peek == 0x22, let quoted = reader.skipValue(), reader.take(0x3A),
                let name = unquoted(text[quoted]), let value = reader.skipValue()
            else { return nil }
            members.append(Member(name: name, value: value))
            if reader.take(0x2C) { continue }
            return reader.take(0x7D) && reader.isAtEnd ? members : nil
        }
    }

    /// - Returns: `nil` if the text is not an array.
    static func elements(of text: ArraySlice<UInt8>) -> [Range<Int>]? {
        var reader = Reader(text)
        guard reader.take(0x5B) else { return nil }
        var elements: [Range<Int>] = []
        if reader.take(0x5D) { return reader.isAtEnd ? elements : nil }
        while let value = reader.skipValue() {
            elements.append(value)
            if reader.take(0x2C) { continue }
            return reader.take(0x5D) && reader.isAtEnd ? elements : nil
        }
        return nil
    }

    private static func unquoted(_ text: ArraySlice<UInt8>) -> String? {
        let inner = text.dropFirst().dropLast()
        if !inner.contains(0x5C) { return String(decoding: inner, as: UTF8.self) }
        return try? text.withUnsafeBytes { try JSONValue.parse($0) }.stringValue
    }

    private struct Reader {
        private let text: ArraySlice<UInt8>
        private var position: Int

        init(_ text: ArraySlice<UInt8>) {
            self.text = text
            position = text.startIndex
        }

        var peek: UInt8? {
            mutating get {
                while position < text.endIndex, [0x20, 0x09, 0x0A, 0x0D].contains(text[position]) {
                    position += 1
                }
                return position < text.endIndex ? text[position] : nil
            }
        }

        var isAtEnd: Bool { mutating get { peek == nil } }

        mutating func take(_ byte: UInt8) -> Bool {
            guard peek == byte else { return false }
            position += 1
            return true
        }

        /// Passes over one value by its brackets and strings.
        mutating func skipValue() -> Range<Int>? {
            guard let first = peek else { return nil }
            let start = position
            switch first {
            case 0x22: return skipString() ? start..<position : nil
            case 0x7B, 0x5B: return skipNested() ? start..<position : nil
            default:
                while position < text.endIndex, !Self.isDelimiter(text[position]) { position += 1 }
                return position > start ? start..<position : nil
            }
        }

        private static func isDelimiter(_ byte: UInt8) -> Bool {
            switch byte {
            case 0x2C, 0x3A, 0x5D, 0x7D, 0x22, 0x7B, 0x5B, 0...0x20: true
            default: false
            }
        }

        private mutating func skipString() -> Bool {
            position += 1
            while position < text.endIndex {
                let byte = text[position]
                position += byte == 0x5C ? 2 : 1
                if byte == 0x22 { return true }
            }
            return false
        }

        private mutating func skipNested() -> Bool {
            var depth = 0
            while position < text.endIndex {
                switch text[position] {
                case 0x22:
                    guard skipString() else { return false }
                    continue
                case 0x7B, 0x5B: depth += 1
                case 0x7D, 0x5D: depth -= 1
                default: break
                }
                position += 1
                if depth == 0 { return true }
            }
            return false
        }
    }
}
