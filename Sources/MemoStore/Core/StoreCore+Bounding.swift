/// How a function gets a bound that is smaller than it, or its first one. With very many entries that takes long: the
/// caretaker does it, in pieces, between which others have the lock.
extension StoreCore {
    struct Bounding {
        let function: UInt32
        /// What `FunctionProfile.bounding` is for as long as this goes on.
        let number: UInt32
        /// What is used after this is put into its place in the list by that.
        let since: UInt64
        /// Whether the function's list is in the order of last use.
        let isInOrder: Bool
    }

    /// An entry and its last use, by which it is seen whether it was used since, or is another one now.
    struct UsedSlot {
        var used: UInt64
        var slot: Slot
    }

    /// Keeps to a bound that changed: at once where little is to be done.
    /// - Parameter isInOrder: whether the function's list is in the order of last use, as that of a bounded one is.
    mutating func bound(_ function: UInt32, isInOrder: Bool) {
        guard let maxsize = functions[function].row.maxsize else {
            functions[function].bounding = 0
            needsCare = needsCare || !boundings.isEmpty
            return
        }
        // Who is at it already keeps to the new bound.
        if functions[function].bounding != 0 { return }
        let count = functions[function].count
        guard (isInOrder ? count - Int(clamping: maxsize) : count) > limits.reclaimEntries else {
            if !isInOrder { sortByUse(function) }
            return trim(function)
        }
        boundingNumber += 1
        functions[function].bounding = boundingNumber
        boundings.append(
            Bounding(function: function, number: boundingNumber, since: uses, isInOrder: isInOrder))
        needsCare = true
    }

    /// Bounds that an earlier run did not get to the end of. Called once everything is loaded.
    mutating func boundLoaded() {
        for place in functions.allPlaces where functions.isLive(place) {
            if let maxsize = functions[place].row.maxsize, functions[place].count > maxsize {
                bound(place, isInOrder: false)
            }
        }
    }

    /// Whether a function does not keep to its bound yet.
    package func isBeingBounded(_ function: UInt32) -> Bool { functions[function].bounding != 0 }

    /// Has a connection told when a function keeps to its bound.
    package mutating func waitForBound(_ connection: ConnectionID) {
        if !boundWaiters.contains(connection) { boundWaiters.append(connection) }
    }

    // MARK: the caretaker's pieces

    /// What is to be done next, the functions that are no longer waited for left out.
    mutating func nextBounding() -> Bounding? {
        while let next = boundings.first {
            if isUnderWay(next) { return next }
            end(next)
        }
        return nil
    }

    /// Adds those of the function's entries in some slots that were not used since it was bounded.
    func gather(_ slots: Range<Int>, of bounding: Bounding, in entries: inout [UsedSlot]) {
        guard isUnderWay(bounding) else { return }
        let clearedBelow = functions[bounding.function].row.clearedBelow
        for slot in slots {
            let entry = directory[Slot(slot)]
            guard entry.function == bounding.function, entry.used <= bounding.since,
                entry.flags.contains(.live), entry.row >= clearedBelow
            else { continue }
            entries.append(UsedSlot(used: entry.used, slot: Slot(slot)))
        }
    }

    /// Makes entries the oldest of the function, one after the other, but for those that were used meanwhile.
    mutating func relink(_ entries: ArraySlice<UsedSlot>, of bounding: Bounding) {
        guard isUnderWay(bounding) else { return }
        let function = bounding.function
        for entry in entries {
            let slot = entry.slot
            guard directory[slot].used == entry.used, directory[slot].function == function,
                directory[slot].flags.contains(.live),
                directory[slot].row >= functions[function].row.clearedBelow
            else { continue }
            unlink(slot)
            linkAsOldest(slot)
        }
    }

    /// Evicts some of what is too much; with the last of it the function keeps to its bound.
    /// - Returns: whether there is more.
    mutating func trim(_ bounding: Bounding) -> Bool {
        if isUnderWay(bounding), !trim(bounding.function, atMost: limits.reclaimEntries) { return true }
        end(bounding)
        return false
    }

    private func isUnderWay(_ bounding: Bounding) -> Bool {
        functions[bounding.function].bounding == bounding.number
    }

    private mutating func end(_ bounding: Bounding) {
        if isUnderWay(bounding) { functions[bounding.function].bounding = 0 }
        boundings.removeAll { $0.number == bounding.number }
        wakes += boundWaiters
        boundWaiters = []
    }
}
