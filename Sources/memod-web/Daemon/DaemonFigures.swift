internal import MemoClient
internal import OpenMetrics
internal import Synchronization

/// What the daemon says. Listings of functions, which may be long, are asked for once a second at most, however many
/// pages look.
final class DaemonFigures: Sendable {
    private struct Listing {
        let asked: ContinuousClock.Instant
        let rows: Task<[FunctionInfo], any Error>
    }

    private let memo: Memo
    private let listing = Mutex<Listing?>(nil)
    private static let freshness = Duration.seconds(1)
    /// The most that one page of a listing may have.
    private static let pageRows = 1000

    init(_ memo: Memo) { self.memo = memo }

    func perform<Result>(_ call: Call<Result>) async throws(MemoError) -> Result {
        try await memo.perform(call)
    }

    func stats() async throws(MemoError) -> Reply { try await perform(.stats()) }

    func snapshot() async throws(MemoError) -> Snapshot {
        Snapshot(totals: try await stats(), functions: try await functions())
    }

    /// All functions that this user may see.
    func functions() async throws(MemoError) -> [FunctionInfo] {
        let task = listing.withLock { listing in
            if let listing, ContinuousClock.now - listing.asked < Self.freshness { return listing.rows }
            let rows = Task { [memo] in try await Self.read(memo) }
            listing = Listing(asked: .now, rows: rows)
            return rows
        }
        do {
            return try await task.value
        } catch {
            throw error as? MemoError ?? MemoError(.cancelled, "\(error)")
        }
    }

    private static func read(_ memo: Memo) async throws -> [FunctionInfo] {
        var rows: [FunctionInfo] = []
        var next: String?
        repeat {
            let page = try await memo.perform(.functions(limit: pageRows, after: next))
            rows += page.rows
            next = page.next
        } while next != nil
        return rows
    }
}
