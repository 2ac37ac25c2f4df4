import Testing

@testable import MemoClient

/// Which daemon is older.
@Suite struct RetirementTests {
    @Test(arguments: [
        ("memod 0.9.10", "0.10.0"), ("0.1.0", "0.1.1"), ("0.9.0", "1.0.0"),
        ("memod 0.1.9\n", "memod 0.1.10\n"),
    ])
    func numbersAreCompared(older: String, newer: String) throws {
        let one = try #require(Retirement.Numbers(older))
        let other = try #require(Retirement.Numbers(newer))
        #expect(one < other && !(other < one) && !(one < one))
    }

    @Test(arguments: ["", "memod", "1.0", "1.x.0", "memod one.two.three"])
    func whatHasNoVersionIsNotOlder(text: String) {
        #expect(Retirement.Numbers(text) == nil)
    }
}
