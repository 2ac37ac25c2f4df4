import Testing

@testable import MemoStore

struct ColdSizeTests {
    /// What counts against the disk budget is what the file grows by.
    @Test(arguments: [64, 300, 900, 1500, 3000, 5000, 8000, 9000, 12_000, 30_000])
    func theEstimateIsWhatTheFileTakes(valueBytes: Int) throws {
        let fixture = try ColdFixture()
        fixture.options.interning = false
        let database = try fixture.open()
        _ = try Loaded(database)
        let empty = try database.size().file
        let count = (6 << 20) / valueBytes
        let entry = TestEntry(
            key: [UInt8](repeating: 1, count: 18), value: [UInt8](repeating: 2, count: valueBytes))
        try database.insert(
            Dictionary(uniqueKeysWithValues: (1...count).map { (Int64($0), entry) }))
        let taken = Double(try database.size().file - empty)
        let estimate = Double(count * ColdSize.bytes(key: 18, value: valueBytes))
        #expect(taken / estimate > 0.9 && taken / estimate < 1.1, "\(taken) taken, \(estimate) estimated")
    }
}
