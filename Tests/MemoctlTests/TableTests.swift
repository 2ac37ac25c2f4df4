import Testing

@testable import memoctl

@Suite struct TableTests {
    private func lines(_ names: [String], width: Int?) -> [String] {
        var table = Table([("FUNCTION", .left), ("HITS", .right), ("SAVED", .right)])
        for name in names { table.add([name, "12", "3 s"]) }
        return table.lines(width: width) { $0 }
    }

    @Test func aLongNameIsWholeWhereNothingIsCutAndPushesNothingAway() {
        let long = String(repeating: "long.", count: 80)
        #expect(
            lines([long, "short"], width: nil) == [
                "FUNCTION  HITS  SAVED", long + "    12    3 s", "short       12    3 s",
            ])
    }

    @Test func itFitsWithinAWidth() {
        #expect(
            lines(["a.function.of.some.length"], width: 30) == [
                "FUNCTION           HITS  SAVED", "a.function.of.so…    12    3 s",
            ])
        #expect(lines(["a.function.of.some.length"], width: 20).allSatisfy { $0.count <= 20 })
        #expect(lines(["a.function.of.some.length"], width: 4).allSatisfy { $0.count <= 18 })
    }
}
