internal import SQLite

extension ColdWriter {
    /// Makes all changes in one transaction, or none of them.
    /// - Parameters:
    ///   - cancelled: what they take back themselves.
    ///   - tombstones: whether it is enough to note what is deleted.
    func commit(
        _ writes: ContiguousArray<StoreChange>, cancelled: CancelledChanges, tombstones: Bool,
        clock: StoreClock.State
    ) throws(ColdError) {
        var next = next
        var journalRows = journalRows
        self.clock = clock
        do throws(ColdError) {
            try transaction { () throws(SQLiteError) in
                try delete(writes, cancelled, tombstones)
                try apply(writes, cancelled, &next, &journalRows)
                try entries.flush()
                try sharing.flushReferenceCounts()
                if next != self.next { try meta.save(next) }
                if hasSnapshot { try meta.save(snapshotStamp: nil) }
            }
        } catch {
            entries.forgetPending()
            sharing.rolledBack()
            deleted.rollBack()
            throw error
        }
        sharing.committed()
        deleted.keep()
        hasSnapshot = false
        self.next = next
        self.journalRows = journalRows
    }

    /// Says that a snapshot of the index with this stamp is there, valid until the next commit.
    func commit(snapshotStamp stamp: (UInt64, UInt64)) throws(ColdError) {
        try transaction { () throws(SQLiteError) in try meta.save(snapshotStamp: stamp) }
        hasSnapshot = true
    }

    /// Deletes what is to be deleted: tombstones many small entries, and takes out the rows of others in their order, so that
    /// each page is changed once and the rows that are inserted stay together.
    private func delete(
        _ writes: ContiguousArray<StoreChange>, _ cancelled: CancelledChanges, _ tombstones: Bool
    ) throws(SQLiteError) {
        var rows: [Int64] = []
        var small: [Int64] = []
        var smallBytes = 0
        for case .delete(let row, let bytes) in writes where row < next.row || !cancelled.rows.contains(row) {
            if tombstones, let bytes, bytes <= ColdOptions.tombstoneEntryBytesMax {
                small.append(row)
                smallBytes += bytes
            } else {
                rows.append(row)
            }
        }
        if small.count < ColdOptions.tombstonesLeast {
            rows += small
            small = []
        }
        rows.sort()
        for row in rows { try delete(row) }
        let noted = sharing.isInUse ? try deletingShared(small) : small
        try deleted.note(noted, bytes: small.isEmpty ? 0 : smallBytes / small.count * noted.count)
    }

    /// Takes out those of the rows that refer to shared values, whose uses are counted.
    /// - Returns: the others.
    private func deletingShared(_ rows: [Int64]) throws(SQLiteError) -> [Int64] {
        var others: [Int64] = []
        for row in rows.sorted() {
            if let value = try entries.shared(row: row) {
                sharing.drop(value.shared, bytes: value.bytes)
                try entries.delete(row: row)
            } else {
                others.append(row)
            }
        }
        return others
    }

    /// Takes deleted rows out of their pages.
    /// - Parameters:
    ///   - limit: this many of them at most.
    ///   - isOver: whether it has taken long enough, asked now and then.
    /// - Returns: how many there were.
    func takeOutDeleted(rows limit: Int, until isOver: () -> Bool) throws(ColdError) -> Int {
        let rows = deleted.next(limit)
        guard !rows.isEmpty else { return 0 }
        var count = 0
        try transaction { () throws(SQLiteError) in
            for row in rows {
                try entries.delete(row: row)
                count += 1
                if count % 16 == 0, isOver() { break }
            }
            try deleted.forget(count)
        }
        deleted.took(count)
        return count
    }

    private func apply(
        _ writes: ContiguousArray<StoreChange>, _ cancelled: CancelledChanges,
        _ next: inout MetaTable.NextNumbers, _ journalRows: inout Int
    ) throws(SQLiteError) {
        var hashes = [UInt64](repeating: 0, count: Self.lookahead)
        for first in stride(from: 0, to: writes.count, by: Self.lookahead) {
            let part = first..<min(first + Self.lookahead, writes.count)
            if interning {
                for position in part {
                    guard case .insert(_, _, _, let payload) = writes[position] else { continue }
                    hashes[position - first] = sharing.expect(payload.value)
                }
            }
            for position in part {
                try apply(writes[position], hashes[position - first], cancelled, &next, &journalRows)
            }
        }
    }

    /// Writes whose values are looked for in memory at once.
    private static var lookahead: Int { 16 }

    private func apply(
        _ write: StoreChange, _ valueHash: UInt64, _ cancelled: CancelledChanges,
        _ next: inout MetaTable.NextNumbers,
        _ journalRows: inout Int
    ) throws(SQLiteError) {
        switch write {
        case .insert(let row, let function, let hash, let payload):
            next.row = max(next.row, row + 1)
            if cancelled.rows.contains(row) { return }
            // A batch that is repeated because no one knows whether its commit failed.
            if row < self.next.row { try delete(row) }
            let shared =
                interning
                ? try sharing.place(
                    payload.value, hash: valueHash, row: row, entries: entries, deleted: deleted) : 0
            try entries.insert(row: row, function: function, hash: hash, payload: payload, shared: shared)
        case .delete: break
        case .function(let function):
            next.function = max(next.function, Int64(function.id.rawValue) + 1)
            next.row = max(next.row, function.clearedBelow)
            if !cancelled.functions.contains(function.id) { try profiles.save(function) }
        case .forget(let function):
            if cancelled.functions.contains(function) { return }
            try profiles.forget(function: function)
        case .tag(let tag):
            next.tag = max(next.tag, Int64(tag.id.rawValue) + 1)
            next.row = max(next.row, tag.clearedBelow)
            if !cancelled.tags.contains(tag.id) { try profiles.save(tag) }
        case .forgetTag(let tag):
            if !cancelled.tags.contains(tag) { try profiles.forget(tag: tag) }
        case .totals(let totals):
            try meta.save(totals)
        case .accesses(let rows):
            try uses.append(rows)
            journalRows += rows.count
        case .recency(let rows):
            try uses.replace(with: rows)
            journalRows = rows.count
        case .history(let row):
            try history.save(row)
        case .forgetHistory(let subject):
            try history.forget(subject: subject)
        case .mismatch(let row):
            try mismatches.save(row)
        case .forgetMismatch(let number):
            try mismatches.forget(number)
        case .remote(let row):
            try remote.save(row)
        }
    }

    private func delete(_ row: Int64) throws(SQLiteError) {
        if sharing.isInUse, let value = try entries.shared(row: row) {
            sharing.drop(value.shared, bytes: value.bytes)
        }
        try entries.delete(row: row)
    }
}
