/// SipHash-1-3 with a secret seed, so that no one can choose keys that collide.
/// (J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", 2012.)
package struct KeyHash: Sendable {
    let seed: (UInt64, UInt64)

    package init(seed: (UInt64, UInt64)) {
        self.seed = seed
    }

    /// - Parameter domain: equal keys of two of them have nothing to do with each other.
    package func callAsFunction(domain: UInt32, key: UnsafeRawBufferPointer) -> UInt64 {
        Domain(seed, domain)(key)
    }

    /// What all the hashes of one domain have in common.
    package func domain(_ domain: UInt32) -> Domain { Domain(seed, domain) }

    package struct Domain: BitwiseCopyable {
        private var v0: UInt64
        private var v1: UInt64
        private var v2: UInt64
        private var v3: UInt64

        @inline(__always)
        fileprivate init(_ seed: (UInt64, UInt64), _ domain: UInt32) {
            v0 = seed.0 ^ 0x736f_6d65_7073_6575
            v1 = seed.1 ^ 0x646f_7261_6e64_6f6d
            v2 = seed.0 ^ 0x6c79_6765_6e65_7261
            v3 = seed.1 ^ 0x7465_6462_7974_6573
            absorb(UInt64(domain))
        }

        @inline(__always)
        private mutating func round() {
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

        @inline(__always)
        private mutating func absorb(_ word: UInt64) {
            v3 ^= word
            round()
            v0 ^= word
        }

        package func callAsFunction(_ key: UnsafeRawBufferPointer) -> UInt64 {
            var state = self
            let rest = key.count & 7
            var last = UInt64(truncatingIfNeeded: key.count &+ 8) &<< 56
            if key.count >= 8, var next = key.baseAddress {
                let end = next + (key.count &- rest)
                repeat {
                    state.absorb(next.loadUnaligned(as: UInt64.self))
                    next += 8
                } while next < end
                if rest > 0 {
                    // The last word of the key, without what was taken before.
                    let word = (end + rest - 8).loadUnaligned(as: UInt64.self).littleEndian
                    last |= word &>> UInt64(truncatingIfNeeded: 64 &- 8 &* rest)
                }
            } else {
                for offset in 0..<rest { last |= UInt64(key[offset]) &<< UInt64(8 &* offset) }
            }
            state.absorb(last)
            state.v2 ^= 0xff
            state.round()
            state.round()
            state.round()
            return state.v0 ^ state.v1 ^ state.v2 ^ state.v3
        }
    }
}
