internal import Platform

/// What was read from disk for a `ColdRequest`, on its way to the connection that waits for it, if it still does.
package final class ColdReply: Sendable {
    package let connection: ConnectionID
    /// Entries whose rows are gone or damaged.
    package let lost: [RowReference]
    /// Why other rows could not be read, if so: what they hold is not known.
    package let failure: String?
    /// The file is damaged beyond single rows.
    let isCorrupt: Bool
    private let loadedRows: Lock<[LoadedRow]?>

    init(
        _ connection: ConnectionID, loadedRows: [LoadedRow], lost: [RowReference], failure: String?,
        isCorrupt: Bool
    ) {
        self.connection = connection
        self.lost = lost
        self.failure = failure
        self.isCorrupt = isCorrupt
        self.loadedRows = Lock(loadedRows)
    }

    /// The rows that were read, for the first who asks, who then has to release them; `nil` for all others.
    package func take() -> [LoadedRow]? {
        loadedRows.withLock { exchange(&$0, with: nil) }
    }

    /// Has the large values copied, or found among those that others have, before the store's lock is taken for them.
    func prepare(in store: Store) {
        guard var rows = take() else { return }
        for index in rows.indices where rows[index].payload.value.count >= PreparedValue.leastBytes {
            rows[index].prepared = store.prepare(rows[index].payload.value)
        }
        loadedRows.withLock { $0 = rows }
    }

    deinit {
        // No one else has seen them: no lock guards them.
        for row in take() ?? [] { row.payload.release() }
    }
}
