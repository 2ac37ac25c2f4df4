/// What has an epoch: the namespace, a function or a tag. Its bytes are a field of the server's hash of epochs.
package enum EpochField: Hashable, Sendable {
    case namespace
    case function([UInt8])
    case tag([UInt8])

    package var bytes: [UInt8] {
        switch self {
        case .namespace: [UInt8(ascii: "n")]
        case .function(let name): [UInt8(ascii: "f")] + name
        case .tag(let name): [UInt8(ascii: "t")] + name
        }
    }

    package init?(_ bytes: some Collection<UInt8>) {
        guard let first = bytes.first else { return nil }
        let name = Array(bytes.dropFirst())
        switch first {
        case UInt8(ascii: "n") where name.isEmpty: self = .namespace
        case UInt8(ascii: "f"): self = .function(name)
        case UInt8(ascii: "t"): self = .tag(name)
        default: return nil
        }
    }
}

/// An epoch, as the server gave it out; 0: there is none.
package typealias Epoch = UInt64

/// Which deletes of its key a value is younger than: the random number of the last tombstone.
package struct Generation: Hashable, Sendable {
    package static let size = 16
    /// Of keys that were never deleted.
    package static let none = Generation(high: 0, low: 0)
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count == Self.size else { return nil }
        self.init(high: Self.number(bytes.prefix(8)), low: Self.number(bytes.suffix(8)))
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    package var bytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: high >> (56 - 8 * UInt64($0))) }
            + (0..<8).map { UInt8(truncatingIfNeeded: low >> (56 - 8 * UInt64($0))) }
    }
}
