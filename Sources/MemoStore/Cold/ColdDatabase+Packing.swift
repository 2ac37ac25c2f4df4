/// Brings rows together where pages are half empty, run by run (`RowPacker`).
extension ColdDatabase {
    struct Packing {
        /// When it is done: while nothing else is to be done, or between commits.
        enum Occasion { case rest, load }

        /// A pass over all rows has begun.
        var isUnderWay = false
        /// Some of the pass was done under load: what is behind it has changed meanwhile.
        var wasUnderLoad = false
        /// Pages that the pass made free.
        var freed = 0
        /// Bytes in use after a pass that made hardly any free, or less since: another one would not, either.
        var reached: [Occasion: Int64] = [:]
    }

    /// Packs at rest, where the database is notably larger than what is in it.
    /// - Parameter live: what the entries take, estimated.
    func pack(live: Int64, while goesOn: () -> Bool) throws(ColdError) {
        try pack(.rest, beyond: live + live / 5, again: live / 10, while: goesOn)
    }

    /// Packs under load, between commits, where the database is notably larger than its budget.
    func pack(budget: Int64, while goesOn: () -> Bool) throws(ColdError) {
        try pack(.load, beyond: budget + budget / 8, again: budget / 8, while: goesOn)
    }

    private func pack(
        _ occasion: Packing.Occasion, beyond most: Int64, again: Int64, while goesOn: () -> Bool
    ) throws(ColdError) {
        let most = most + ColdOptions.packedBytesLeast
        let again = again + ColdOptions.packedBytesLeast
        try unlessItFailed { () throws(ColdError) in
            while goesOn() {
                let used = try usedBytes()
                if occasion == .load, used <= most { return }
                guard isPassDue(occasion, used, beyond: most, again: again), try packRun(occasion) else {
                    return
                }
            }
        }
    }

    private func isPassDue(
        _ occasion: Packing.Occasion, _ used: Int64, beyond most: Int64, again: Int64
    ) -> Bool {
        if !packing.isUnderWay {
            let reached = min(packing.reached[occasion] ?? 0, used)
            packing.reached[occasion] = reached
            packing.isUnderWay = used > max(most, reached + again)
        }
        return packing.isUnderWay
    }

    /// - Returns: whether the next run may follow.
    private func packRun(_ occasion: Packing.Occasion) throws(ColdError) -> Bool {
        // A log that a reader keeps would grow on.
        if diskIsScarce || logFrames > 2 * ColdOptions.checkpointFrames { return false }
        if occasion == .load { packing.wasUnderLoad = true }
        if let freed = try writing({ writer throws(ColdError) in try writer.pack() }) {
            packing.freed += freed
        } else {
            let used = try usedBytes()
            let wasInVain = Int64(packing.freed * ColdOptions.pageBytes) < used / 16
            packing.reached[packing.wasUnderLoad ? .load : .rest] = wasInVain ? used : 0
            packing = Packing(reached: packing.reached)
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
