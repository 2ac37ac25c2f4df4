/// Clears of tags that are under way: which entries are still to be taken out, what was counted, and who waits for that.
struct TagClears: ~Copyable {
    struct Clear {
        /// Who waits for it, if someone still does.
        var connection: ConnectionID?
        /// Those of which there may still be entries, the next one at the end.
        var tags: [TagID] = []
        /// Entries with smaller rows are cleared.
        let below: Int64
        /// How many entries were cleared, by function.
        var counts: [FunctionSlot: Int] = [:]

        var isOver: Bool { tags.isEmpty }
    }

    /// A key whose lease ends if it turns out that an entry of it bears a tag.
    typealias LeasedKey = (function: FunctionSlot, short: UInt32)

    private var clears: [Clear] = []
    private var leasedKeys: [LeasedKey] = []

    var isEmpty: Bool { clears.isEmpty }

    /// Connections that wait, or have not asked what their clear came to.
    var waiters: [ConnectionID] { clears.compactMap(\.connection) }

    /// Keeps one that is not over.
    mutating func add(_ clear: Clear) { clears.append(clear) }

    /// What the clear of a connection came to; `nil` if it is not over.
    mutating func takeCounts(for connection: ConnectionID) -> [FunctionSlot: Int]? {
        guard let index = clears.firstIndex(where: { $0.connection == connection }), clears[index].isOver
        else { return nil }
        return clears.remove(at: index).counts
    }

    /// A connection is gone: its clear goes on without it.
    mutating func leave(_ connection: ConnectionID) {
        guard let index = clears.firstIndex(where: { $0.connection == connection }) else { return }
        clears[index].connection = nil
        if clears[index].isOver { clears.remove(at: index) }
    }

    /// The next one that is not over, until `putBack`: its counts are not copied meanwhile.
    mutating func takeNext() -> (index: Int, clear: Clear)? {
        guard let index = clears.firstIndex(where: { !$0.isOver }) else { return nil }
        return (index, exchange(&clears[index], with: Clear(below: 0)))
    }

    /// - Returns: who is to be told that it is over, and whether another is not.
    mutating func putBack(_ clear: Clear, at index: Int) -> (waiter: ConnectionID?, isMore: Bool) {
        clears[index] = clear
        guard clear.isOver else { return (nil, true) }
        if clear.connection == nil { clears.remove(at: index) }
        return (clear.connection, clears.contains { !$0.isOver })
    }

    // MARK: leases

    /// Whether leases may still end with a clear.
    var hasLeasedKeys: Bool { !leasedKeys.isEmpty }

    mutating func add(leased keys: [LeasedKey]) { leasedKeys += keys }

    mutating func nextLeasedKey() -> LeasedKey? {
        if let key = leasedKeys.popLast() { return key }
        // With the memory that it had.
        leasedKeys = []
        return nil
    }

    /// Holds between any two calls; ends the process if it does not. For tests.
    func check() {
        precondition(
            clears.allSatisfy { !$0.isOver || $0.connection != nil },
            "a clear that is over and no one asks for")
        precondition(Set(waiters).count == waiters.count, "a connection that waits for two clears")
        precondition(clears.allSatisfy { $0.counts.values.allSatisfy { $0 > 0 } })
    }
}
