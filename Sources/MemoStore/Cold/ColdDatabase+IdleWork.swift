/// What is done between commits and when idle.
extension ColdDatabase {
    /// Work that is due between commits: takes deleted rows out if there are many, moves the log into the database
    /// once it is long, and gives free pages back while there are many. To be called after what was committed is
    /// acknowledged.
    /// - Parameter goesOn: whether no one waits for the next commit.
    func maintain(while goesOn: () -> Bool = { true }) throws(ColdError) {
        let isScarce = diskIsScarce
        if isScarce {
            try tidy(rows: Self.rowsPerDeletion, isScarce) { true }
        } else if try writing({ writer throws(ColdError) in try hasManyTombstones(writer) }) {
            // Faster than others come.
            try tidy(
                rows: max(Self.rowsTakenOutLeast, 2 * (writer?.deleted.newest ?? 0)), isScarce, while: goesOn)
        }
        try moveLongLog(isScarce)
    }

    /// Takes this many deleted rows out, some at least.
    private func tidy(rows: Int, _ isScarce: Bool, while goesOn: () -> Bool) throws(ColdError) {
        let most = isScarce ? Self.rowsPerDeletion : ColdOptions.takenOutAtOnce
        var left = rows
        try unlessItFailed { () throws(ColdError) in
            repeat {
                let count = try takeOutDeleted(rows: min(left, most))
                if count == 0 { return }
                left -= count
                try moveLongLog(isScarce)
            } while left > 0 && goesOn()
        }
    }

    /// Does what may wait, and for a while nothing of the kind after a failure.
    func unlessItFailed(_ work: () throws(ColdError) -> Void) throws(ColdError) {
        guard source.boottimeMs() >= idleWorkResumes else { return }
        do throws(ColdError) {
            try work()
        } catch {
            idleWorkResumes = source.boottimeMs() + ColdOptions.idleWorkPauseMs
            throw error
        }
    }

    func moveLongLog(_ isScarce: Bool) throws(ColdError) {
        let due = isScarce ? ColdOptions.checkpointFramesWhenScarce : ColdOptions.checkpointFrames
        try writing { writer throws(ColdError) in
            guard writer.logFrames >= due else { return }
            try checkpoint(writer)
            if try hasManyFreePages(writer) { try writer.vacuum(pages: Self.pagesPerVacuum) }
        }
    }

    /// The same if there is nothing else to do: all deleted rows are taken out, the others compacted, a shorter log is
    /// moved, too, since rows are read faster from the database, and pages are given back until few are free.
    /// - Parameters:
    ///   - live: what the entries take, estimated; without it nothing is compacted.
    ///   - goesOn: whether there is still nothing else.
    func idleWork(live: Int64? = nil, while goesOn: () -> Bool) throws(ColdError) {
        if goesOn() { try tidy(rows: .max, diskIsScarce, while: goesOn) }
        if let live { try compact(live: live, while: goesOn) }
        try writing { writer throws(ColdError) in
            if writer.logFrames >= ColdOptions.checkpointFramesWhenIdle { try checkpoint(writer) }
            while goesOn(), try hasManyFreePages(writer, ColdOptions.freePartWhenIdle) {
                try writer.vacuum(pages: Self.pagesPerVacuum)
                // What a reader keeps in the log does not shrink the file.
                if try checkpoint(writer) > 0 { return }
            }
        }
    }

    var diskIsScarce: Bool {
        DiskSpace.available(below: path.directory).map { $0 < DiskSpace.plentyBytes } ?? false
    }

    private func hasManyTombstones(_ writer: ColdWriter) throws(ColdError) -> Bool {
        let deleted = writer.deleted
        if deleted.isLeaving || deleted.count >= ColdOptions.tombstonesMax { return true }
        guard deleted.bytes >= ColdOptions.tombstoneBytesLeast else { return false }
        let part = try writer.pages().all * Int64(ColdOptions.pageBytes) / ColdOptions.tombstonePart
        return Int64(deleted.bytes) > part
    }

    private static let rowsTakenOutLeast = 512

    /// Whether rows of deleted entries are still in their pages.
    var hasTombstones: Bool { writer?.deleted.isEmpty == false }

    private func hasManyFreePages(
        _ writer: ColdWriter, _ part: Int64 = ColdOptions.freePart
    ) throws(ColdError) -> Bool {
        let pages = try writer.pages()
        return pages.free > ColdOptions.freePagesLeast && pages.free > pages.all / part
    }

    private static let pagesPerVacuum = 256

    /// Takes deleted rows out of their pages, as many as there is time for.
    /// - Returns: how many there were.
    func takeOutDeleted(rows: Int) throws(ColdError) -> Int {
        let began = source.boottimeMs()
        func isOver() -> Bool { source.boottimeMs() - began >= ColdOptions.takingOutMs }
        return try writing { writer throws(ColdError) in
            try findingRoom(writer) { _ throws(ColdError) in
                try writer.takeOutDeleted(rows: rows, until: isOver)
            }
        }
    }
}
