import TestSupport
import Testing

@testable import MemoStore

/// Whatever is cleared, and in whichever order it is taken back, each entry is taken back once with what it was cleared by.
@Suite struct ReclaimerTests {
    private struct Fixture: ~Copyable {
        var entries = EntryIndex(capacity: 1000)!
        var functions = FunctionTable(
            keyHash: KeyHash(seed: (1, 2)), nameHash: KeyHash(seed: (3, 4)), capacity: 10)!
        var reclaimer = Reclaimer()
        private var nextRow: Int64 = 1

        init() {
            for name in 0..<3 {
                [UInt8(name)].withUnsafeBytes { _ = functions.add(owner: -1, name: $0) }
            }
        }

        mutating func addCleared(_ function: FunctionSlot, count: Int, at: Int64, _ cause: RemovalCause)
            -> [Slot]
        {
            var slots: [Slot] = []
            for _ in 0..<count {
                let slot = entries.insert(
                    Entry(hash: UInt32(nextRow), function: function, row: nextRow, used: 0))!
                nextRow += 1
                entries[slot].older = slots.last ?? Entry.none
                entries[slot].newer = Entry.none
                if let last = slots.last { entries[last].newer = slot }
                slots.append(slot)
            }
            functions[function].row.clearedBelow = nextRow
            reclaimer.add(function, from: slots.first ?? Entry.none, at: at, cause, in: &functions)
            return slots
        }

        mutating func next() -> Reclaimer.Cleared? { reclaimer.next(entries, &functions) }

        mutating func takeOut(_ slot: Slot) -> Reclaimer.Cleared? {
            reclaimer.takeOut(slot, &entries, &functions)
        }

        func check() { reclaimer.check(entries, functions) }
    }

    @Test func eachClearedEntryIsTakenBackOnce() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed)
        for _ in 0..<100 {
            var fixture = Fixture()
            var left: [Slot: (at: Int64, cause: RemovalCause)] = [:]
            for step in 0..<60 as Range<Int64> {
                switch random.below(3) {
                case 0:
                    let cause: RemovalCause = random.below(2) == 0 ? .clearAll : .clearFunction
                    let function = FunctionSlot(UInt32(random.below(3)))
                    let slots = fixture.addCleared(function, count: random.below(5), at: step, cause)
                    for slot in slots { left[slot] = (step, cause) }
                case 1:
                    guard let slot = left.keys.sorted().randomElement(using: &random) else { continue }
                    let cleared = fixture.takeOut(slot)
                    if let cleared {
                        #expect(
                            cleared.at == left[slot]?.at && cleared.cause == left[slot]?.cause, "seed \(seed)"
                        )
                    }
                    left[slot] = nil
                    fixture.entries.remove(slot)
                default:
                    guard let cleared = fixture.next() else {
                        #expect(left.isEmpty, "seed \(seed)")
                        continue
                    }
                    let expected = left.removeValue(forKey: cleared.slot)
                    #expect(cleared.at == expected?.at && cleared.cause == expected?.cause, "seed \(seed)")
                    fixture.entries.remove(cleared.slot)
                }
                fixture.check()
            }
            while let cleared = fixture.next() {
                #expect(left.removeValue(forKey: cleared.slot) != nil, "seed \(seed)")
                fixture.entries.remove(cleared.slot)
            }
            let isEmpty = fixture.reclaimer.isEmpty
            #expect(left.isEmpty && isEmpty, "seed \(seed)")
            fixture.check()
        }
    }

    /// What was cleared still takes memory.
    @Test func aLostDatabaseHasNoRowsToTakeBack() {
        var fixture = Fixture()
        _ = fixture.addCleared(0, count: 3, at: 1, .clearAll)
        fixture.reclaimer.add(garbage: 7)
        fixture.reclaimer.loseRows()
        let row = fixture.reclaimer.nextGarbageRow()
        #expect(row == nil)
        for _ in 0..<3 {
            let next = fixture.next()
            #expect(next != nil)
        }
        let isEmpty = fixture.reclaimer.isEmpty
        #expect(isEmpty)
        fixture.check()
    }

    @Test func forgottenFunctionsThatHaveToWaitLetOthersPass() {
        var reclaimer = Reclaimer()
        for function in FunctionSlot(0)..<5 { _ = reclaimer.add(forgotten: function) }
        let last = reclaimer.takeForgotten(atMost: 2)
        reclaimer.putBack(forgotten: [4])
        let rest = reclaimer.takeForgotten(atMost: 10)
        let isOver = !reclaimer.hasForgotten
        #expect(last == [3, 4] && rest == [4, 0, 1, 2] && isOver)
    }

    @Test func theSearchForExpiredEntriesGoesAround() {
        var reclaimer = Reclaimer()
        let parts = (0..<3).map { _ in reclaimer.nextSlots(4, of: 10) }
        #expect(parts == [0..<4, 4..<8, 8..<10])
        reclaimer.resume(at: 9)
        let again = [reclaimer.nextSlots(4, of: 10), reclaimer.nextSlots(4, of: 10)]
        #expect(again == [9..<10, 0..<4])
    }
}
