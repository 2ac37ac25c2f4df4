import TestSupport
import Testing

@testable import MemoStore

/// What the journal tells a database, in random pieces, against the order in which entries were really used.
struct AccessJournalTests {
    @Test func theDatabaseLearnsTheOrderOfTheLastUses() {
        for seed in 0..<300 as Range<UInt64> { run(seed: seed) }
    }

    private func run(seed: UInt64) {
        var random = SeededGenerator(seed)
        var entries = EntryIndex(capacity: 100)!
        var journal = AccessJournal(capacity: 100)
        var slots: [Slot] = []
        var nextRow: Int64 = 1
        /// The rows in the order of their last use, as it is and as the database has it.
        var real: [Int64] = []
        var known: [Int64] = []

        func use(_ slot: Slot) {
            entries[slot].used = journal.countUse()
            journal.note(slot, in: &entries)
            let row = entries[slot].row
            real.removeAll { $0 == row }
            real.append(row)
        }
        func happens() {
            switch random.next() % 6 {
            case 0:
                guard
                    let slot = entries.insert(
                        Entry(hash: UInt32(nextRow), function: 0, row: nextRow, used: 0))
                else { return }
                nextRow += 1
                slots.append(slot)
                use(slot)
            case 1 where slots.count > 3:
                let slot = slots.remove(at: Int(random.next() % UInt64(slots.count)))
                let row = entries[slot].row
                real.removeAll { $0 == row }
                entries.remove(slot)
            default:
                if !slots.isEmpty { use(slots[Int(random.next() % UInt64(slots.count))]) }
            }
        }

        for _ in 0..<20 {
            for _ in 0..<random.next() % 30 { happens() }
            journal.check(entries)
            let (taken, through) = journal.take()
            var records: [AccessJournal.Record] = []
            var rest = taken[...]
            while !rest.isEmpty {
                let count = Int(random.next() % 4) + 1
                journal.collect(rest.prefix(count), through: through, from: &entries, in: &records)
                rest = rest.dropFirst(count)
                // Others use entries between the pieces.
                if random.next() % 2 == 0 { happens() }
            }
            for row in records.rowsInOrder {
                known.removeAll { $0 == row }
                known.append(row)
            }
        }
        let (taken, through) = journal.take()
        var records: [AccessJournal.Record] = []
        journal.collect(taken[...], through: through, from: &entries, in: &records)
        for row in records.rowsInOrder {
            known.removeAll { $0 == row }
            known.append(row)
        }
        known.removeAll { !real.contains($0) }
        #expect(known == real, "seed \(seed)")
        #expect(journal.isEmpty)
        journal.check(entries)
    }

    @Test func whatIsBeyondItsCapacityIsNotNoted() {
        var entries = EntryIndex(capacity: 10)!
        var journal = AccessJournal(capacity: 2)
        for row in 1...3 as ClosedRange<Int64> {
            let slot = entries.insert(
                Entry(hash: UInt32(row), function: 0, row: row, used: journal.countUse()))!
            journal.note(slot, in: &entries)
        }
        journal.check(entries)
        let taken = journal.take().slots
        #expect(taken.count == 2)
    }

    @Test func anOrderIsTakenOnceForWhatWasLost() {
        var journal = AccessJournal(capacity: 2)
        let asked = [5, 6].map { journal.takesOrder(rows: $0, most: 5) }
        #expect(asked == [false, true])
        journal.lose()
        let afterLoss = [0, 0].map { journal.takesOrder(rows: $0, most: 5) }
        #expect(afterLoss == [true, false])
    }
}
