/// Randomness for sampling, seedable (xorshift128+, S. Vigna, 2014). What no one may guess comes from the kernel.
struct RandomSource: Sendable {
    private var state: (UInt64, UInt64)

    init(seed: UInt64? = nil) {
        var kernel = SystemRandomNumberGenerator()
        let start = seed ?? kernel.next()
        state = (start | 1, start &* 0x9e37_79b9_7f4a_7c15 ^ 0x6a09_e667_f3bc_c908)
    }

    mutating func next() -> UInt64 {
        var first = state.0
        let second = state.1
        state.0 = second
        first ^= first &<< 23
        state.1 = first ^ second ^ (first &>> 17) ^ (second &>> 26)
        return state.1 &+ second
    }

    /// A number below `bound`, which is at least 1.
    @inline(__always)
    mutating func below(_ bound: Int) -> Int { Int(((next() &>> 32) &* UInt64(bound)) &>> 32) }

    /// A number above 0 and at most 1.
    mutating func unit() -> Double { (Double(next() &>> 11) + 1) / Double(1 << 53) }
}
