internal import Crypto

/// What things of a namespace are called on the server.
package struct EntryNames: Sendable {
    package let namespace: [UInt8]
    /// A hash of epochs, and the log; both in one slot.
    package let epochs: [UInt8]
    package let log: [UInt8]
    /// What stands before the hash in the name of an entry.
    private let opening: [UInt8]

    package init(namespace: [UInt8]) {
        self.namespace = namespace
        epochs = "memod:v1:{".wire + namespace + "}:e".wire
        log = "memod:v1:{".wire + namespace + "}:log".wire
        opening = "memod:v1:".wire + namespace + ":{".wire
    }

    /// Where an entry is: 128 bits of a hash, in a slot of its own. Two entries under one name are told apart by what stands
    /// in them.
    package func value(function: [UInt8], key: [UInt8]) -> [UInt8] { name(function, key, UInt8(ascii: "v")) }

    /// Where it is noted that a host computes it, in the same slot.
    package func lease(function: [UInt8], key: [UInt8]) -> [UInt8] { name(function, key, UInt8(ascii: "l")) }

    private func name(_ function: [UInt8], _ key: [UInt8], _ kind: UInt8) -> [UInt8] {
        var identity: [UInt8] = []
        identity.reserveCapacity(opening.count + function.count + key.count + 2)
        identity += opening.dropLast(2)
        identity.append(0)
        identity += function
        identity.append(0)
        identity += key
        var name = opening
        name.reserveCapacity(opening.count + 2 * Self.hashSize + 3)
        SHA256.hash(data: identity).withUnsafeBytes { digest in
            for byte in digest.prefix(Self.hashSize) {
                name.append(Self.digit(byte >> 4))
                name.append(Self.digit(byte & 15))
            }
        }
        name.append(UInt8(ascii: "}"))
        name.append(UInt8(ascii: ":"))
        name.append(kind)
        return name
    }

    private static let hashSize = 16

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
