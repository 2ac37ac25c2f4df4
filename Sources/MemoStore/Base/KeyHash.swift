/// SipHash-1-3 with a secret seed, so that no one can choose keys that collide.
/// (J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", 2012.)
package struct KeyHash: Sendable {
    let seed: (UInt64, UInt64)

    package init(seed: (UInt64, UInt64)) {
        self.seed = seed
    }

    /// - Parameter domain: equal keys of two of them have nothing to do with each other.
    package func callAsFunction(domain: UInt32, key: UnsafeRawBufferPointer) -> UInt64 {
        var v0 = seed.0 ^ 0x736f_6d65_7073_6575
        var v1 = seed.1 ^ 0x646f_7261_6e64_6f6d
        var v2 = seed.0 ^ 0x6c79_6765_6e65_7261
        var v3 = seed.1 ^ 0x7465_6462_7974_6573

        @inline(__always) func round() {
            v0 &+= v1
            v1 = v1 &<< 13 | v1 &>> 51
            v1 ^= v0
            v0 = v0 &<< 32 | v0 &>> 32
            v2 &+= v3
            v3 = v3 &<< 16 | v3 &>> 48
            v3 ^= v2
            v0 &+= v3
            v3 = v3 &<< 21 | v3 &>> 43
            v3 ^= v0
            v2 &+= v1
            v1 = v1 &<< 17 | v1 &>> 47
            v1 ^= v2
            v2 = v2 &<< 32 | v2 &>> 32
        }
        @inline(__always) func absorb(_ word: UInt64) {
            v3 ^= word
            round()
            v0 ^= word
        }

        absorb(UInt64(domain))
        var offset = 0
        while offset + 8 <= key.count {
            absorb(key.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        var last = UInt64(truncatingIfNeeded: key.count &+ 8) &<< 56
        var shift: UInt64 = 0
        while offset < key.count {
            last |= UInt64(key[offset]) &<< shift
            shift += 8
            offset += 1
        }
        absorb(last)
        v2 ^= 0xff
        round()
        round()
        round()
        return v0 ^ v1 ^ v2 ^ v3
    }
}
