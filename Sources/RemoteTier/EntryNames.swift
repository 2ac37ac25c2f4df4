internal import Crypto

/// What things of a namespace are called on the server.
package struct EntryNames: Sendable {
    package let namespace: [UInt8]
    /// A hash of epochs, and the log; both in one slot.
    package let epochs: [UInt8]
    package let log: [UInt8]

    package init(namespace: [UInt8]) {
        self.namespace = namespace
        epochs = "memod:v1:{".wire + namespace + "}:e".wire
        log = "memod:v1:{".wire + namespace + "}:log".wire
    }

    /// Where an entry is: 128 bits of a hash, in a slot of its own. Two entries under one name are told apart by what stands
    /// in them.
    package func value(function: [UInt8], key: [UInt8]) -> [UInt8] { slot(function, key) + "v".wire }

    /// Where it is noted that a host computes it, in the same slot.
    package func lease(function: [UInt8], key: [UInt8]) -> [UInt8] { slot(function, key) + "l".wire }

    private func slot(_ function: [UInt8], _ key: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: "memod:v1:".wire + namespace)
        hash.update(data: [0])
        hash.update(data: function)
        hash.update(data: [0])
        hash.update(data: key)
        let digits = Array("0123456789abcdef".utf8)
        var name = "memod:v1:".wire + namespace + ":{".wire
        for byte in hash.finalize().prefix(16) {
            name.append(digits[Int(byte >> 4)])
            name.append(digits[Int(byte & 15)])
        }
        return name + "}:".wire
    }
}
