/// What is done when the disk is full, and the check before a commit that it is not.
extension ColdDatabase {
    /// Runs what deletes, and once more if the disk is full: room for a deletion is found in the log, once it is
    /// moved, and then in the ballast.
    /// - Parameter repeats: false for what needs more room than that.
    func findingRoom<Result>(
        _ writer: ColdWriter, repeats: Bool = true, _ body: (_ isRepeated: Bool) throws(ColdError) -> Result
    ) throws(ColdError) -> Result {
        do throws(ColdError) {
            return try body(false)
        } catch {
            guard error.failure == .full else { throw error }
            if !Quarantine.deleteAllButFullest(path) { ballast.release() }
            try checkpoint(writer)
            guard repeats else { throw error }
            return try body(true)
        }
    }

    /// Takes out what was deleted before, and deletes entries, while the disk is full: a few in each transaction, since
    /// every one may touch two pages that have to be logged first, and the log is moved in between.
    ///
    /// - Throws: what `commit` throws; some of the entries may be deleted then.
    func deleteToFreeSpace(_ rows: [Int64]) throws(ColdError) {
        while try takeOutDeleted(rows: Self.rowsPerDeletion) > 0 { try moveLongLog(true) }
        let rows = rows.sorted()
        for start in stride(from: 0, to: rows.count, by: Self.rowsPerDeletion) {
            let slice = rows[start..<min(start + Self.rowsPerDeletion, rows.count)]
            try commit(ContiguousArray(slice.map { .delete(row: $0) }))
            try maintain()
        }
        try writing { writer throws(ColdError) in try giveBack(writer) }
    }

    /// Pages that are free within the file are of no use to the log, which needs room of its own beside it.
    private func giveBack(_ writer: ColdWriter) throws(ColdError) {
        for _ in 0..<Self.returnsMax {
            guard try checkpoint(writer) == 0, try writer.pages().free > 0 else { return }
            do throws(ColdError) {
                try writer.vacuum(pages: Self.pagesPerReturn)
            } catch {
                // What was given back before stays so.
                guard error.failure == .full else { throw error }
                return
            }
        }
        try checkpoint(writer)
    }

    /// Few at once: each may have to be logged, if there is hardly any room.
    private static let pagesPerReturn = 32
    private static let returnsMax = 32

    /// As many as the small ballast has room to log.
    static let rowsPerDeletion = 100

    /// - Throws: `.full` if there is no room for the log and the database to grow by this many bytes.
    func ensureSpace(for growth: Int64, _ writer: ColdWriter) throws(ColdError) {
        guard var available = DiskSpace.available(below: path.directory) else { return }
        var logged = writer.logFrames * DiskSpace.frameBytes
        if available >= 2 * growth + logged { return }
        let unmoved = try checkpoint(writer) * DiskSpace.frameBytes
        // The database has just grown by what was moved.
        available = DiskSpace.available(below: path.directory) ?? available
        // A log that is moved as a whole is written from its beginning again.
        logged = unmoved == 0 ? 0 : writer.logFrames * DiskSpace.frameBytes
        let free = try writer.pages().free * Int64(ColdOptions.pageBytes)
        let logBytes = DatabaseFile(path.log)?.bytes ?? 0
        // What is only in the log may need pages that the file has not got, however many others are free in it.
        let needed = unmoved + max(0, growth - free) + max(0, logged + growth - logBytes)
        if available < needed, Quarantine.deleteAllButFullest(path) {
            available = DiskSpace.available(below: path.directory) ?? available
        }
        if available < needed {
            throw ColdError(.full, "the disk is full: \(available) bytes left, \(needed) needed")
        }
    }
}
