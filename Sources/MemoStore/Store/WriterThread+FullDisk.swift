internal import Platform

/// What the writer's thread does when the disk is full.
extension Store {
    /// The disk is full: evicts, and commits only the deletions, for which the ballast left room.
    /// - Parameter saidSo: whether it was logged that there is no room.
    /// - Returns: whether something was evicted on the disk too.
    func evictOnFullDisk(_ saidSo: inout Bool) -> Bool {
        // Rows that are deleted already may be enough.
        let rows = database.hasTombstones ? [] : evictColdRows()
        guard !rows.isEmpty || database.hasTombstones else { return false }
        do throws(ColdError) {
            try database.deleteToFreeSpace(rows)
            if !rows.isEmpty { events?.log(false, "evicted \(rows.count) entries to make room on the disk") }
            return true
        } catch {
            // They are gone from memory, and may still be on disk: left there they would come back with the next
            // start, even where a newer entry of the same key was deleted.
            core.withLock { core in
                for row in rows { core.enqueue(.delete(row: row)) }
            }
            if !saidSo { events?.log(true, "no room could be made on the disk: \(error.message)") }
            saidSo = true
            return false
        }
    }

    /// - Returns: the rows to delete.
    private func evictColdRows() -> [Int64] {
        var rows: [Int64] = []
        var goal = core.withLock { $0.spaceWanted }
        var isMore = true
        while isMore, rows.count < Self.evictedRowsMax {
            perform { isMore = $0.evictForSpace(&goal, &rows) }
            core.letOthersIn()
        }
        return rows
    }

    private static let evictedRowsMax = 50_000
}
