internal import Crypto

/// The keys that a namespace's entries are sealed with: the first seals, each of them opens.
package struct SealingKeys: Sendable {
    struct Key: Sendable {
        let id: [UInt8]
        let secret: SymmetricKey
    }

    static let idSize = 4
    let keys: [Key]

    package struct Invalid: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// The most keys that a file may have.
    package static let keysMax = 16

    /// - Parameter text: a key a line, 64 hexadecimal digits; lines that begin with # are comments.
    /// - Throws: with the line that is wrong, and never what stands in it.
    package init(_ text: String) throws(Invalid) {
        var keys: [Key] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.filter { $0 != " " && $0 != "\t" && $0 != "\r" }
            if line.isEmpty || line.hasPrefix("#") { continue }
            let digits = Array(line.utf8)
            var bytes: [UInt8] = []
            for place in stride(from: 0, to: digits.count - digits.count % 2, by: 2) {
                guard let high = Self.digit(digits[place]), let low = Self.digit(digits[place + 1]) else {
                    break
                }
                bytes.append(high << 4 | low)
            }
            guard digits.count == 64, bytes.count == 32 else {
                throw Invalid(
                    description:
                        "line \(number + 1) is not 64 hexadecimal digits, as `openssl rand -hex 32` prints them"
                )
            }
            let id = SHA256.hash(data: Array("memod key id".utf8) + bytes).prefix(Self.idSize)
            keys.append(Key(id: Array(id), secret: SymmetricKey(data: bytes)))
        }
        guard !keys.isEmpty else { throw Invalid(description: "there is no key in it") }
        guard keys.count <= Self.keysMax else { throw Invalid(description: "more than \(Self.keysMax) keys") }
        self.keys = keys
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

extension SealingKeys.Key {
    /// A key for one function only.
    func subkey(namespace: [UInt8], function: [UInt8]) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: secret, salt: namespace, info: Array("memod entry".utf8) + function,
            outputByteCount: 32)
    }
}
