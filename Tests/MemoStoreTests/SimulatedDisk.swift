@testable import MemoStore

/// A store's state with a dictionary in the place of the database: what was committed can be read back, and a
/// crash loses the rest.
final class SimulatedDisk {
    struct Row {
        var function: FunctionID
        var hash: UInt64
        var key: [UInt8]
        var value: [UInt8]
        var metadata: EntryMetadata
        var tags: [TagID]
    }

    var rows: [Int64: Row] = [:]
    var functions: [FunctionID: FunctionRow] = [:]
    var tags: [TagID: TagRow] = [:]
    var uses: [Int64] = []
    var totals = Totals()
    var history: [String: HistoryRow] = [:]
    var mismatches: [Int64: MismatchRow] = [:]
    var remote: [String: RemoteRow] = [:]
    /// Never given out, as the database remembers it.
    var nextRow: Int64 = 1
    let seed: (UInt64, UInt64) = (17, 42)

    /// Commits what waits in the queue.
    func commit(_ core: inout StoreCore) {
        nextRow = core.cold.nextRow
        let batch = core.takeBatch()
        for write in batch.writes { apply(write) }
        core.finishCommit(sequence: batch.sequence, row: batch.row)
    }

    private func apply(_ write: StoreChange) {
        switch write {
        case .insert(let row, let function, let hash, let payload):
            rows[row] = Row(
                function: function, hash: hash, key: Array(payload.key), value: Array(payload.value),
                metadata: payload.metadata, tags: Array(payload.tags))
            payload.release()
        case .delete(let row, _): rows[row] = nil
        case .function(let row): functions[row.id] = row
        case .forget(let function): functions[function] = nil
        case .tag(let row): tags[row.id] = row
        case .forgetTag(let tag): tags[tag] = nil
        case .totals(let totals): self.totals = totals
        case .accesses(let rows): uses += rows
        case .recency(let rows): uses = rows
        case .history(let row): history["\(row.subject) \(row.level) \(row.start)"] = row
        case .forgetHistory(let subject): history = history.filter { $0.value.subject != subject }
        case .mismatch(let row): mismatches[row.number] = row
        case .forgetMismatch(let number): mismatches[number] = nil
        case .remote(let row): remote["\(row.kind) \(row.name) \(row.key)"] = row.state == nil ? nil : row
        }
    }

    func read(_ references: [RowReference]) -> [LoadedRow] {
        references.compactMap { reference in
            rows[reference.row].map { row in
                let payload = row.key.withUnsafeBytes { key in
                    row.value.withUnsafeBytes {
                        Payload.allocate(row.metadata, tags: row.tags, key: key, value: $0)!
                    }
                }
                return LoadedRow(reference: reference, payload: payload)
            }
        }
    }

    /// The state that a new process finds.
    func restart(
        hotBytes: Int, coldBytes: Int, now: Int64, random: UInt64, limits: StoreLimits = StoreLimits()
    ) -> StoreCore {
        var core = StoreCore(
            hotBytes: hotBytes, coldBytes: coldBytes, limits: limits,
            random: RandomSource(seed: random))!
        core.now = now
        for row in functions.values.sorted(by: { $0.id.rawValue < $1.id.rawValue }) { core.load(row) }
        for row in tags.values.sorted(by: { $0.id.rawValue < $1.id.rawValue }) { core.load(row) }
        for (id, row) in rows.sorted(by: { $0.key < $1.key }) {
            core.load(
                EntryHead(
                    row: id, function: row.function, hash: row.hash, expires: row.metadata.expires,
                    keyBytes: row.key.count, valueBytes: row.value.count, tags: row.tags))
        }
        core.load(uses: uses)
        for row in history.values where row.bytes != nil { core.load(row) }
        for row in remote.values { core.load(row) }
        precondition(
            core.finishLoad(seed: seed, totals: totals, nextRow: nextRow, garbage: []))
        return core
    }
}
