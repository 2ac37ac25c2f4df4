/// Hits that clients computed again.
extension StoreCore {
    /// Keeps what differed.
    package mutating func note(_ mismatch: MismatchRow, _ function: FunctionSlot) {
        let row = functions[function].row
        statistics.mismatches.add(
            mismatch, function: row.id, owner: row.owner, isPrivate: !row.persists, wallMs: wallNow)
    }

    /// What differed of a function's results lately, newest first.
    package func mismatches(of function: FunctionSlot) -> [MismatchRow] {
        statistics.mismatches.rows(of: functions[function].row.id)
    }

    mutating func load(_ row: MismatchRow) {
        statistics.mismatches.load(row, owner: functions.find(row.function).map { functions[$0].row.owner })
    }

    /// Queues what changed of them.
    mutating func flushMismatches() {
        let changes = statistics.mismatches.takeChanges()
        for number in changes.dropped { enqueue(.forgetMismatch(number)) }
        for row in changes.rows { enqueue(.mismatch(row)) }
    }
}
