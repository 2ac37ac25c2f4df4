/// A file of keys: one a line, 64 hexadecimal digits. Lines that begin with # are comments.
package enum KeyLines {
    package struct Invalid: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// The most keys that a file may have.
    package static let keysMax = 16
    private static let keySize = 32

    /// - Returns: 32 bytes for each key; at least one.
    /// - Throws: with the line that is wrong, and never what stands in it.
    package static func secrets(_ text: String) throws(Invalid) -> [[UInt8]] {
        var secrets: [[UInt8]] = []
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (number, line) in lines.enumerated() {
            let digits = Array(line.filter { $0 != " " && $0 != "\t" }.utf8)
            if digits.isEmpty || digits[0] == UInt8(ascii: "#") { continue }
            guard let secret = bytes(digits), secret.count == keySize else {
                throw Invalid(
                    description:
                        "line \(number + 1) is not 64 hexadecimal digits, as `openssl rand -hex 32` prints them"
                )
            }
            secrets.append(secret)
        }
        guard !secrets.isEmpty else { throw Invalid(description: "there is no key in it") }
        guard secrets.count <= keysMax else { throw Invalid(description: "more than \(keysMax) keys") }
        return secrets
    }

    private static func bytes(_ digits: [UInt8]) -> [UInt8]? {
        guard digits.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        for place in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digit(digits[place]), let low = digit(digits[place + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
