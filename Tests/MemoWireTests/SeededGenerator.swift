internal import Foundation

/// SplitMix64 (Steele, Lea, Flood, 2014). Its seed is printed; `MEMOD_TEST_SEED` repeats a run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ purpose: String) {
        let given = ProcessInfo.processInfo.environment["MEMOD_TEST_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0...UInt64.max)
        print("\(purpose): MEMOD_TEST_SEED=\(seed)")
        state = seed
    }

    /// How many cases to try: `usual`, or as many times that as `MEMOD_TEST_SCALE` says.
    static func cases(_ usual: Int) -> Int {
        usual * (ProcessInfo.processInfo.environment["MEMOD_TEST_SCALE"].flatMap { Int($0) } ?? 1)
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

    mutating func pick<T>(_ choices: [T]) -> T { choices[Int.random(in: 0..<choices.count, using: &self)] }
}
