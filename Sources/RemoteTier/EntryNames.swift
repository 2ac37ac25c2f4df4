internal import Crypto

/// What things of a namespace are called on the server.
package struct EntryNames: Sendable {
    package let namespace: [UInt8]
    /// A hash of epochs, and the log; both in one slot.
    package let epochs: [UInt8]
    package let log: [UInt8]
    /// What stands before the hash in the name of an entry.
    private let opening: [UInt8]
    /// What is hashed before function and key.
    private let identityOpening: [UInt8]

    package init(namespace: [UInt8]) {
        self.namespace = namespace
        epochs = "memod:v1:{".wire + namespace + "}:e".wire
        log = "memod:v1:{".wire + namespace + "}:log".wire
        opening = "memod:v1:".wire + namespace + ":{".wire
        identityOpening = "memod:v1:".wire + namespace + [0]
    }

    /// Where an entry is: 128 bits of a hash, in a slot of its own. Two entries under one name are told apart by what stands
    /// in them.
    package func value(function: [UInt8], key: [UInt8]) -> [UInt8] {
        values(function: function, keys: [key])[0]
    }

    /// The same of several keys.
    package func values(function: [UInt8], keys: [[UInt8]]) -> [[UInt8]] {
        var identity = identityOpening + function + [0]
        let count = identity.count
        return keys.map { key in
            identity.removeSubrange(count...)
            identity += key
            return name(of: identity, UInt8(ascii: "v"))
        }
    }

    /// Where it is noted that a host computes it, in the same slot.
    package func lease(function: [UInt8], key: [UInt8]) -> [UInt8] {
        name(of: identityOpening + function + [0] + key, UInt8(ascii: "l"))
    }

    private func name(of identity: [UInt8], _ kind: UInt8) -> [UInt8] {
        let digest = SHA256.hash(identity[...])
        let size = opening.count + 2 * Self.hashSize + 3
        return [UInt8](unsafeUninitializedCapacity: size) { name, count in
            for (place, byte) in opening.enumerated() { name[place] = byte }
            var place = opening.count
            digest.withUnsafeBytes { digest in
                for index in 0..<Self.hashSize {
                    name[place] = Self.digit(digest[index] >> 4)
                    name[place + 1] = Self.digit(digest[index] & 15)
                    place += 2
                }
            }
            name[place] = UInt8(ascii: "}")
            name[place + 1] = UInt8(ascii: ":")
            name[place + 2] = kind
            count = size
        }
    }

    private static let hashSize = 16

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}

extension SHA256 {
    /// Bytes as they stand, which the generic way goes through in steps.
    static func hash(_ bytes: ArraySlice<UInt8>) -> SHA256Digest {
        var hasher = SHA256()
        bytes.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        return hasher.finalize()
    }
}
