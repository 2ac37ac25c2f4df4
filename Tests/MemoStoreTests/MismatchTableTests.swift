import TestSupport
import Testing

@testable import MemoStore

@Suite struct MismatchTableTests {
    private func row(_ text: String) -> MismatchRow {
        func bytes(_ text: String, _ body: (UnsafeRawBufferPointer) -> Void) {
            Array(text.utf8).withUnsafeBytes(body)
        }
        var row: MismatchRow?
        bytes(text) { row = MismatchRow(digest: $0, kept: $0, computed: $0, valueBytes: 200) }
        return row!
    }

    /// What the database has after it was told of every change, beside a model: a list, shortened at the owner who
    /// has the most.
    @Test(arguments: 0..<20) func theDatabaseFollows(seed: Int) {
        var random = SeededGenerator(UInt64(seed))
        var table = MismatchTable(capacity: 12)
        var disk: [Int64: MismatchRow] = [:]
        var model: [(owner: Int64, function: FunctionID, text: String)] = []
        for step in 0..<400 {
            let owner = Int64.random(in: 0..<4, using: &random)
            let function = FunctionID(UInt32(owner * 2 + Int64.random(in: 1...2, using: &random)))
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                table.forget(function: function)
                model.removeAll { $0.function == function }
            case 1:
                // A restart.
                apply(table.takeChanges(), to: &disk)
                table = MismatchTable(capacity: 12)
                for number in disk.keys.sorted() {
                    table.load(disk[number]!, owner: Int64((disk[number]!.function.rawValue - 1) / 2))
                }
            case 2: apply(table.takeChanges(), to: &disk)
            case 3 where step % 7 == 0:
                disk = [:]
                table.writeAll()
            default:
                table.add(
                    row("\(step)"), function: function, owner: owner, isPrivate: false, wallMs: Int64(step))
                model.append((owner, function, "\(step)"))
                if model.count > 12 {
                    let counts = Dictionary(grouping: model, by: \.owner).mapValues(\.count)
                    model.remove(at: model.firstIndex { counts[$0.owner] == counts.values.max() }!)
                }
            }
            #expect(table.count == model.count && table.count <= 12)
            for function in Set(model.map(\.function)) {
                #expect(
                    table.rows(of: function).map(\.kept)
                        == model.reversed().filter { $0.function == function }.map(\.text), "seed \(seed)")
            }
        }
        apply(table.takeChanges(), to: &disk)
        #expect(disk.values.map(\.kept).sorted() == model.map(\.text).sorted(), "seed \(seed)")
    }

    private func apply(
        _ changes: (rows: [MismatchRow], dropped: [Int64]), to disk: inout [Int64: MismatchRow]
    ) {
        for number in changes.dropped { disk[number] = nil }
        for row in changes.rows { disk[row.number] = row }
    }

    @Test func whatBelongsToNoFunctionGoes() {
        var table = MismatchTable(capacity: 3)
        var lost = row("lost")
        lost.number = 7
        table.load(lost, owner: nil)
        #expect(table.takeChanges().dropped == [7])
        table.add(row("private"), function: 1, owner: 1, isPrivate: true, wallMs: 0)
        #expect(table.takeChanges().rows.isEmpty)
        #expect(table.rows(of: 1).map(\.number) == [8])
    }
}
