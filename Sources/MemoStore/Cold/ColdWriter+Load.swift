internal import SQLite

/// What the database says as a whole, beside the rows that were streamed.
struct ColdLoad: Sendable, Equatable {
    /// Numbers larger than any ever given out.
    var nextRow: Int64
    var nextFunction: FunctionID
    var nextTag: TagID
    /// Two words for the keyed hash of the keys.
    var seed: [UInt64]
    var totals: Totals
    /// Entries that were cleared, that belong to no function or tag, or whose head is damaged: to be deleted.
    var garbage: [Int64] = []
    /// Damaged rows among all that were read.
    var damaged = 0
    /// Those of them that noted what is cleared here and not yet on other machines.
    var damagedNotes = 0

    fileprivate mutating func setNext(_ next: MetaTable.NextNumbers) {
        nextRow = next.row
        nextFunction = FunctionID(UInt32(clamping: next.function))
        nextTag = TagID(UInt32(clamping: next.tag))
    }
}

extension ColdWriter {
    /// Reads all but keys and values, each kind in the order of its numbers; the journal in its own.
    /// - Parameter snapshot: given the stamp of a snapshot that says the same as the database, returns what it has
    ///   of entries and journal, which are not read then.
    func load(
        function: (FunctionRow) -> Void, tag: (TagRow) -> Void,
        history: (HistoryRow) -> Void = { _ in },
        mismatch: (MismatchRow) -> Void = { _ in },
        remote: (RemoteRow) -> Void = { _ in },
        snapshot: ((UInt64, UInt64)) -> SnapshotContext? = { _ in nil },
        entry: (EntryHead) -> Void, uses use: (Int64) -> Void
    ) throws(ColdError) -> ColdLoad {
        do {
            guard let seed = try meta.seed() else { throw ColdError(.corrupt, "its seed is missing") }
            var next = next
            var load = ColdLoad(
                nextRow: 0, nextFunction: .none, nextTag: TagID(0), seed: seed, totals: try meta.totals())

            var functions: [FunctionID: Int64] = [:]
            load.damaged += try profiles.forEachFunction {
                functions[$0.id] = $0.clearedBelow
                next.function = max(next.function, Int64($0.id.rawValue) + 1)
                next.row = max(next.row, $0.clearedBelow)
                function($0)
            }
            var tags: [TagID: Int64] = [:]
            load.damaged += try profiles.forEachTag {
                tags[$0.id] = $0.clearedBelow
                next.tag = max(next.tag, Int64($0.id.rawValue) + 1)
                next.row = max(next.row, $0.clearedBelow)
                tag($0)
            }

            // History that is damaged is missed by no one's results.
            _ = try self.history.forEach(history)
            _ = try mismatches.forEach(mismatch)

            load.damagedNotes = try self.remote.forEach(remote)
            load.damaged += load.damagedNotes

            if let stamp = try meta.snapshotStamp(), let context = snapshot(stamp) {
                sharing.start(with: context.figures)
                journalRows = context.journalRows
                self.next = next
                load.setNext(next)
                return load
            }
            var figures = InterningFigures()
            var shared: [Int64: Int] = [:]
            var last = Int64.min
            try entries.forEachHead { row, record in
                let isDeleted = deleted.contains(row)
                guard let record else {
                    if isDeleted { return }
                    load.damaged += 1
                    load.garbage.append(row)
                    return
                }
                // A page that is there twice: each entry counts once.
                guard row > last else {
                    load.damaged += 1
                    return
                }
                last = row
                next.row = max(next.row, row + 1)
                if isDeleted { return }
                let head = EntryRecord.decode(record, row: row)
                let value = EntryRecord.shared(record)
                if value != 0 {
                    figures.references += 1
                    figures.savedBytes += Int64(head.valueBytes)
                    shared[value] = head.valueBytes
                }
                guard let clearedBelow = functions[head.function], row >= clearedBelow,
                    head.tags.allSatisfy({ tags[$0].map { row >= $0 } ?? false })
                else {
                    load.garbage.append(row)
                    return
                }
                entry(head)
            }
            figures.values = shared.count
            figures.savedBytes -= shared.values.reduce(0) { $0 + Int64($1) }
            sharing.start(with: figures)

            journalRows = try uses.forEach(use)
            self.next = next
            load.setNext(next)
            return load
        } catch {
            throw ColdError(any: error)
        }
    }
}
