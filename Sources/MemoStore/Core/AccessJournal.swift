/// In what order entries are used: a count of all uses, of which each entry keeps the number of its last one, and the
/// entries of bounded functions whose last use the database does not know yet.
///
/// An entry in the journal is flagged `journaled`, so that it is there once.
struct AccessJournal {
    /// The last use of an entry.
    struct Record {
        var used: UInt64
        var row: Int64
    }

    /// The number of the last use, over all functions.
    private(set) var lastUse: UInt64 = 0
    /// In order of their first use since they were taken last.
    private var slots: [Slot] = []
    private let capacity: Int
    /// The database lacks uses that no journal will have, such as those of a function that had no bound.
    private var isIncomplete = false

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// - Returns: the number of a use that happens now.
    @inline(__always)
    mutating func countUse() -> UInt64 {
        lastUse &+= 1
        return lastUse
    }

    /// Goes on counting where an earlier run ended.
    mutating func resume(after use: UInt64) { lastUse = use }

    /// The database is to be told of an entry's last use.
    @inline(__always)
    mutating func note(_ slot: Slot, in entries: inout EntryIndex) {
        guard !entries[slot].flags.contains(.journaled), slots.count < capacity else { return }
        entries[slot].flags.insert(.journaled)
        slots.append(slot)
    }

    /// The entries in the journal, for `collect`, and the last use of all.
    mutating func take() -> (slots: [Slot], through: UInt64) { (exchange(&slots, with: []), lastUse) }

    var isEmpty: Bool { slots.isEmpty }

    /// Adds the last uses of entries that were taken.
    /// - Parameter through: the last use of all when they were. What was used again since is in the next journal too,
    ///   where it comes behind what was used before it.
    mutating func collect(
        _ taken: ArraySlice<Slot>, through: UInt64, from entries: inout EntryIndex, in records: inout [Record]
    ) {
        for slot in taken where entries[slot].flags.contains([.live, .journaled]) {
            let used = entries[slot].used
            records.append(Record(used: min(used, through), row: entries[slot].row))
            if used > through { slots.append(slot) } else { entries[slot].flags.remove(.journaled) }
        }
    }

    /// Takes the flag from all entries in it; it is of no use afterwards.
    func unflag(_ entries: inout EntryIndex) {
        for slot in slots where entries[slot].flags.contains(.live) { entries[slot].flags.remove(.journaled) }
    }

    /// Uses are lost to the database.
    mutating func lose() { isIncomplete = true }

    /// Whether the order of all entries is to replace what the database has: it lacks uses, or has more rows of them than
    /// this many. Asked once for each order.
    mutating func takesOrder(rows: Int, most: Int) -> Bool {
        guard isIncomplete || rows > most else { return false }
        isIncomplete = false
        return true
    }

    /// Holds between any two calls; ends the process if it does not. For tests.
    func check(_ entries: borrowing EntryIndex) {
        for slot in 0..<Slot(entries.slotCount) where entries[slot].flags.contains(.live) {
            precondition(entries[slot].used <= lastUse, "slot \(slot) was used in the future")
        }
        precondition(slots.allSatisfy { Int($0) < entries.slotCount })
    }
}

extension [AccessJournal.Record] {
    /// The one that was used last comes last.
    var rowsInOrder: [Int64] { sorted { $0.used < $1.used }.map(\.row) }
}
