/// How a function gets a bound that is smaller than it, or its first one. With very many entries that takes long: the
/// maintenance thread does it, in pieces, between which others have the lock.
extension StoreCore {
    /// An entry and its last use, by which it is seen whether it was used since, or is another one now.
    struct UsedSlot {
        var used: UInt64
        var slot: Slot
    }

    /// Keeps to a bound that changed: at once if little is to be done.
    /// - Parameter isInOrder: whether the function's list is in the order of last use, as that of a bounded one is.
    mutating func resize(_ function: FunctionSlot, isInOrder: Bool) {
        guard functions[function].row.isBounded else {
            piecework.resizes.cancel(function, in: &functions)
            if !piecework.resizes.isEmpty { wakeups.callMaintenance() }
            return
        }
        // Who is at it already keeps to the new bound.
        if functions[function].resizeJob != 0 { return }
        let count = functions[function].count
        guard (isInOrder ? excess(function) : count) > limits.reclaimEntries else {
            if !isInOrder { sortByUse(function) }
            if !trim(function, atMost: limits.reclaimEntries) { beginResize(function, isInOrder: true) }
            return
        }
        beginResize(function, isInOrder: isInOrder)
    }

    mutating func beginResize(_ function: FunctionSlot, isInOrder: Bool) {
        piecework.resizes.begin(function, since: journal.lastUse, isInOrder: isInOrder, in: &functions)
        wakeups.callMaintenance()
    }

    /// How many entries are too many, about where that depends on what they take.
    private func excess(_ function: FunctionSlot) -> Int {
        let (count, bytes) = (functions[function].count, functions[function].bytes)
        let byCount = count - Int(clamping: functions[function].row.maxsize ?? .max)
        guard let maxBytes = functions[function].row.maxBytes, bytes > maxBytes else { return byCount }
        let share = Double(bytes - Int(clamping: maxBytes)) / Double(bytes)
        return max(byCount, Int(Double(count) * share) + 1)
    }

    /// Bounds that an earlier run did not get to the end of. Called once everything is loaded.
    mutating func resizeLoaded() {
        for function in functions.allSlots where functions.isLive(function) {
            if boundExceeded(function) != nil {
                resize(function, isInOrder: false)
            }
        }
    }

    /// Whether a function does not keep to its bound yet.
    package func isResizing(_ function: FunctionSlot) -> Bool { functions[function].resizeJob != 0 }

    /// Has a connection told when a function keeps to its bound.
    package mutating func waitForResize(_ connection: ConnectionID) {
        piecework.resizes.wait(connection)
    }

    // MARK: the maintenance thread's pieces

    /// What is to be done next, the functions that are no longer waited for left out.
    mutating func nextResizeJob() -> ResizeJobs.Job? {
        while let next = piecework.resizes.first {
            if piecework.resizes.isUnderWay(next, in: functions) { return next }
            end(next)
        }
        return nil
    }

    /// Adds those of the function's entries in some slots that were not used since it was bounded.
    mutating func gather(_ slots: Range<Int>, of job: ResizeJobs.Job, in gathered: inout [UsedSlot]) {
        work.spend(slots.count / 16)
        guard piecework.resizes.isUnderWay(job, in: functions) else { return }
        let clearedBelow = functions[job.function].row.clearedBelow
        for slot in slots {
            let entry = entries[Slot(slot)]
            guard entry.function == job.function, entry.used <= job.since,
                entry.flags.contains(.live), entry.row >= clearedBelow
            else { continue }
            gathered.append(UsedSlot(used: entry.used, slot: Slot(slot)))
        }
    }

    /// Makes entries the oldest of the function, one after the other, but for those that were used meanwhile.
    mutating func relink(_ gathered: ArraySlice<UsedSlot>, of job: ResizeJobs.Job) {
        guard piecework.resizes.isUnderWay(job, in: functions) else { return }
        let function = job.function
        for entry in gathered {
            let slot = entry.slot
            guard entries[slot].used == entry.used, entries[slot].function == function,
                entries[slot].flags.contains(.live),
                entries[slot].row >= functions[function].row.clearedBelow
            else { continue }
            unlink(slot)
            linkAsOldest(slot)
            work.spend(1)
        }
    }

    /// Evicts some of what is too much; with the last of it the function keeps to its bound.
    /// - Returns: whether there is more.
    mutating func trim(_ job: ResizeJobs.Job) -> Bool {
        takeUses(before: job.function)
        if piecework.resizes.isUnderWay(job, in: functions),
            !trim(job.function, atMost: limits.reclaimEntries)
        {
            return true
        }
        end(job)
        return false
    }

    private mutating func end(_ job: ResizeJobs.Job) {
        wakeups.wake(piecework.resizes.end(job, in: &functions))
    }
}
