import Testing

@testable import memoctl

@Suite struct FunctionVersionTests {
    @Test func whatFollowsTheLastMarkIsTheVersion() {
        #expect(FunctionVersion("f@1")?.version == "1")
        #expect(FunctionVersion("a@b@2")?.base == "a@b")
        for name in ["f", "f@", "@1", "@"] { #expect(FunctionVersion(name) == nil, "\(name)") }
    }

    @Test func numbersCountAsSuch() {
        let order = ["1", "1.2", "1.9", "1.10", "2", "10", "v1", "v2"]
        for (index, left) in order.enumerated() {
            for right in order[(index + 1)...] {
                #expect(FunctionVersion.precedes(left, right) && !FunctionVersion.precedes(right, left))
            }
        }
    }

    @Test func theNearestNamesComeFirst() {
        let names = ["compute_score", "compute_scores", "other", "run:make", "deep.compute_score.v2"]
        #expect(
            FunctionChoice.nearest(to: "compute_scroe", among: names) == ["compute_score", "compute_scores"])
        #expect(FunctionChoice.nearest(to: "make", among: names) == ["run:make"])
        #expect(FunctionChoice.nearest(to: "zzz", among: names).isEmpty)
    }
}
