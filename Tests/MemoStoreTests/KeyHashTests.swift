import TestSupport
import Testing

@testable import MemoStore

/// The hash is what the database keeps of keys: it must not change.
struct KeyHashTests {
    /// SipHash-1-3 as its authors write it down, of the domain as a first word and then the key.
    private static func reference(_ seed: (UInt64, UInt64), _ domain: UInt32, _ key: [UInt8]) -> UInt64 {
        var v: [UInt64] = [
            seed.0 ^ 0x736f_6d65_7073_6575, seed.1 ^ 0x646f_7261_6e64_6f6d, seed.0 ^ 0x6c79_6765_6e65_7261,
            seed.1 ^ 0x7465_6462_7974_6573,
        ]
        func rotated(_ word: UInt64, _ bits: UInt64) -> UInt64 { word << bits | word >> (64 - bits) }
        func round() {
            v[0] &+= v[1]
            v[1] = rotated(v[1], 13) ^ v[0]
            v[0] = rotated(v[0], 32)
            v[2] &+= v[3]
            v[3] = rotated(v[3], 16) ^ v[2]
            v[0] &+= v[3]
            v[3] = rotated(v[3], 21) ^ v[0]
            v[2] &+= v[1]
            v[1] = rotated(v[1], 17) ^ v[2]
            v[2] = rotated(v[2], 32)
        }
        var words = [UInt64(domain)]
        for start in stride(from: 0, through: key.count, by: 8) {
            var word: UInt64 = 0
            for (place, byte) in key[start...].prefix(8).enumerated() {
                word |= UInt64(byte) << UInt64(8 * place)
            }
            words.append(word)
        }
        // What is left of the key has its length, with the domain's, in the upper byte.
        words[words.count - 1] |= UInt64(UInt8(truncatingIfNeeded: key.count + 8)) << 56
        for word in words {
            v[3] ^= word
            round()
            v[0] ^= word
        }
        v[2] ^= 0xff
        for _ in 0..<3 { round() }
        return v[0] ^ v[1] ^ v[2] ^ v[3]
    }

    @Test func isTheOneThatIsWrittenDown() {
        var random = SeededGenerator(for: "hashes of keys")
        for length in 0..<80 {
            let seed = (random.next(), random.next())
            let domain = UInt32(truncatingIfNeeded: random.next())
            let key = random.bytes(length)
            let expected = Self.reference(seed, domain, key)
            let hash = KeyHash(seed: seed)
            // Not aligned, and with other bytes around it.
            let padded = random.bytes(length % 5) + key + random.bytes(9)
            padded.withUnsafeBytes {
                let key = UnsafeRawBufferPointer(rebasing: $0[(length % 5)...].prefix(length))
                #expect(hash(domain: domain, key: key) == expected, "of \(length) bytes")
                #expect(hash.domain(domain)(key) == expected)
            }
        }
    }
}
