/// Brings rows together if pages are half empty, run by run (`PageCompactor`).
extension ColdDatabase {
    struct Compaction {
        /// When it is done: while nothing else is to be done, or between commits.
        enum Occasion { case idle, load }

        /// A pass over all rows has begun.
        var isUnderWay = false
        /// Some of the pass was done under load: what is behind it has changed meanwhile.
        var wasUnderLoad = false
        /// Pages that the pass made free.
        var freed = 0
        /// Bytes in use after a pass that made hardly any free, or less since: another one would not, either.
        var reached: [Occasion: Int64] = [:]
    }

    /// Compacts when idle, if the database is notably larger than what is in it.
    /// - Parameter live: what the entries take, estimated.
    func compact(live: Int64, while goesOn: () -> Bool) throws(ColdError) {
        try compact(.idle, beyond: live + live / 5, again: live / 10, while: goesOn)
    }

    /// Compacts under load, between commits, if the database is notably larger than its budget.
    func compact(budget: Int64, while goesOn: () -> Bool) throws(ColdError) {
        try compact(.load, beyond: budget + budget / 8, again: budget / 8, while: goesOn)
    }

    private func compact(
        _ occasion: Compaction.Occasion, beyond most: Int64, again: Int64, while goesOn: () -> Bool
    ) throws(ColdError) {
        let most = most + ColdOptions.compactionBytesLeast
        let again = again + ColdOptions.compactionBytesLeast
        try unlessItFailed { () throws(ColdError) in
            while goesOn() {
                let used = try usedBytes()
                if occasion == .load, used <= most { return }
                guard isPassDue(occasion, used, beyond: most, again: again), try compactRun(occasion) else {
                    return
                }
            }
        }
    }

    private func isPassDue(
        _ occasion: Compaction.Occasion, _ used: Int64, beyond most: Int64, again: Int64
    ) -> Bool {
        if !compaction.isUnderWay {
            let reached = min(compaction.reached[occasion] ?? 0, used)
            compaction.reached[occasion] = reached
            compaction.isUnderWay = used > max(most, reached + again)
        }
        return compaction.isUnderWay
    }

    /// - Returns: whether the next run may follow.
    private func compactRun(_ occasion: Compaction.Occasion) throws(ColdError) -> Bool {
        // A log that a reader keeps would grow on.
        if diskIsScarce || logFrames > 2 * ColdOptions.checkpointFrames { return false }
        if occasion == .load { compaction.wasUnderLoad = true }
        if let freed = try writing({ writer throws(ColdError) in try writer.compact() }) {
            compaction.freed += freed
        } else {
            let used = try usedBytes()
            let wasInVain = Int64(compaction.freed * ColdOptions.pageBytes) < used / 16
            compaction.reached[compaction.wasUnderLoad ? .load : .idle] = wasInVain ? used : 0
            compaction = Compaction(reached: compaction.reached)
        }
        try moveLongLog(false)
        return true
    }

    private func usedBytes() throws(ColdError) -> Int64 {
        try writing { writer throws(ColdError) in
            let pages = try writer.pages()
            return (pages.all - pages.free) * Int64(ColdOptions.pageBytes)
        }
    }
}
