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

    /// All that is known of a function. To an administrator of a daemon that isolates its users, what those of the name
    /// have counted together: the daemon tells one's own only.
    func info(_ name: String) async throws(MemoError) -> Reply {
        let info = try await perform(.info(name, mismatches: true)).reply
        // A pattern matches itself.
        let page = try await perform(.functions(limit: Self.pageRows, pattern: name))
        let rows = page.rows.filter { $0.name == name && $0.reply.int("uid") != nil }
        guard !rows.isEmpty else { return info }
        let members = info.names.map { member in
            guard Self.counters.contains(member) else { return (member, info[member] ?? .null) }
            return (member, JSONText(rows.reduce(Int64(0)) { $0 &+ ($1.reply.int(member) ?? 0) }))
        }
        return try Reply(parsing: JSONText(members: members).bytes)
    }

    private static let counters: Set = [
        "currsize", "bytes", "hits", "misses", "saved_ms", "evictions", "expirations", "verified",
        "mismatched",
        "remote_hits", "remote_misses",
    ]

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
