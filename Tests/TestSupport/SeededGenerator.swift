internal import Glibc

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014): the same numbers
/// for the same seed.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(_ seed: UInt64) { state = seed }

    /// With a seed that is printed, so that a failure can be repeated.
    package init(for test: String) { self.init(Self.seed(for: test)) }

    /// `MEMOD_TEST_SEED` if it is set, else another one each time; printed.
    package static func seed(for test: String) -> UInt64 {
        let seed = variable("MEMOD_TEST_SEED") ?? UInt64.random(in: 0...UInt64(UInt32.max))
        print("\(test): MEMOD_TEST_SEED=\(seed)")
        return seed
    }

    /// How many cases to try: `usual`, or as many times that as `MEMOD_TEST_SCALE` says.
    package static func cases(_ usual: Int) -> Int { usual * Int(variable("MEMOD_TEST_SCALE") ?? 1) }

    private static func variable(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// - Returns: one of the numbers from 0 on.
    package mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }

    package mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    package mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }

    package mutating func bytes(upTo limit: Int) -> [UInt8] { bytes(below(limit + 1)) }

    package mutating func bytes(_ count: Int) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count + 8)
        while result.count < count { withUnsafeBytes(of: next()) { result.append(contentsOf: $0) } }
        return Array(result.prefix(count))
    }
}
