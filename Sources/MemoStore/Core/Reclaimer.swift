/// What is taken back a piece at a time: entries that were cleared, rows that nothing refers to, forgotten functions, and the
/// place in the index from which the search for expired entries goes on.
///
/// A function's profile counts the lists of cleared entries that still refer to it.
struct Reclaimer: ~Copyable {
    struct Cleared: Equatable {
        var slot: Slot
        /// When it was cleared.
        var at: Int64
        var cause: RemovalCause
    }

    /// Entries that were cleared together, linked as they were in their function's list.
    private struct List {
        var function: FunctionSlot
        var next: Slot
        var at: Int64
        var cause: RemovalCause
    }

    private var lists: [List] = []
    /// Rows in the database that nothing in memory refers to.
    private(set) var garbageRows: [Int64] = []
    /// Functions whose rows go when nothing refers to them any more.
    private var forgotten: [FunctionSlot] = []
    private var hand: Slot = 0

    /// Whether cleared entries still take memory.
    var hasLists: Bool { !lists.isEmpty }

    /// Whether there is nothing to take back from the database.
    var isEmpty: Bool { lists.isEmpty && garbageRows.isEmpty }

    // MARK: cleared entries

    /// Takes over a function's entries.
    /// - Parameter oldest: the first of its list.
    mutating func add(
        _ function: FunctionSlot, from oldest: Slot, at: Int64, _ cause: RemovalCause,
        in functions: inout FunctionTable
    ) {
        guard oldest != Entry.none else { return }
        lists.append(List(function: function, next: oldest, at: at, cause: cause))
        functions[function].clearedLists += 1
    }

    /// An entry to take back, which is in no list from now on.
    mutating func next(_ entries: borrowing EntryIndex, _ functions: inout FunctionTable) -> Cleared? {
        guard let list = lists.last else { return nil }
        let next = entries[list.next].newer
        if next == Entry.none {
            lists.removeLast()
            functions[list.function].clearedLists -= 1
        } else {
            lists[lists.count - 1].next = next
        }
        return Cleared(slot: list.next, at: list.at, cause: list.cause)
    }

    /// Takes a cleared entry out of its list before its turn.
    /// - Returns: `nil` for its time and cause if it was not the next of its list: they are not known.
    mutating func takeOut(
        _ slot: Slot, _ entries: inout EntryIndex, _ functions: inout FunctionTable
    ) -> Cleared? {
        let (older, newer, function) = (entries[slot].older, entries[slot].newer, entries[slot].function)
        let position = lists.firstIndex { $0.function == function && $0.next == slot }
        // The next of a list has no neighbour on that side any more.
        if position == nil { entries[older].newer = newer }
        if newer != Entry.none { entries[newer].older = older }
        guard let position else { return nil }
        let list = lists[position]
        if newer == Entry.none {
            lists.remove(at: position)
            functions[function].clearedLists -= 1
        } else {
            lists[position].next = newer
        }
        return Cleared(slot: slot, at: list.at, cause: list.cause)
    }

    // MARK: rows

    mutating func add(garbage rows: [Int64]) { garbageRows += rows }

    mutating func add(garbage row: Int64) { garbageRows.append(row) }

    mutating func nextGarbageRow() -> Int64? { garbageRows.popLast() }

    /// The database is gone, and with it all rows.
    mutating func loseRows() { garbageRows = [] }

    // MARK: forgotten functions

    /// - Returns: how many there are.
    mutating func add(forgotten function: FunctionSlot) -> Int {
        forgotten.append(function)
        return forgotten.count
    }

    var hasForgotten: Bool { !forgotten.isEmpty }

    mutating func takeForgotten(atMost limit: Int) -> [FunctionSlot] {
        defer { forgotten.removeLast(min(limit, forgotten.count)) }
        return forgotten.suffix(limit)
    }

    /// Some cannot go yet; the others come first.
    mutating func putBack(forgotten functions: [FunctionSlot]) {
        forgotten.insert(contentsOf: functions, at: 0)
    }

    // MARK: expired entries

    /// The next part of the index.
    mutating func nextSlots(_ count: Int, of slotCount: Int) -> Range<Slot> {
        let start = hand
        let end = min(Int(start) + count, slotCount)
        hand = end >= slotCount ? 0 : Slot(end)
        return start..<max(start, Slot(end))
    }

    /// The search stopped before this slot.
    mutating func resume(at slot: Slot) { hand = slot }

    /// Holds between any two calls; ends the process if it does not. For tests.
    func check(_ entries: borrowing EntryIndex, _ functions: borrowing FunctionTable) {
        var counts: [FunctionSlot: Int] = [:]
        for list in lists {
            counts[list.function, default: 0] += 1
            var slot = list.next
            precondition(slot != Entry.none, "an empty list")
            while slot != Entry.none {
                precondition(entries[slot].flags.contains(.live) && entries[slot].function == list.function)
                precondition(entries[slot].row < functions[list.function].row.clearedBelow)
                slot = entries[slot].newer
            }
        }
        for function in functions.allSlots where functions.isLive(function) {
            precondition(functions[function].clearedLists == counts[function, default: 0])
        }
        precondition(Int(hand) <= max(entries.slotCount, 0))
    }
}
