internal import Crypto
package import RemoteLink

/// The keys that a namespace's entries are sealed with: the first seals, each of them opens.
package struct SealingKeys: Sendable {
    struct Key: Sendable {
        let id: [UInt8]
        let secret: SymmetricKey
    }

    static let idSize = 4
    let keys: [Key]

    /// - Parameter text: a key a line, as `KeyLines` has them.
    package init(_ text: String) throws(KeyLines.Invalid) { self.init(secrets: try KeyLines.secrets(text)) }

    /// - Parameter secrets: at least one, of 32 bytes each.
    package init(secrets: [[UInt8]]) {
        keys = secrets.map { bytes in
            let id = SHA256.hash(data: Array("memod key id".utf8) + bytes).prefix(Self.idSize)
            return Key(id: Array(id), secret: SymmetricKey(data: bytes))
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
