internal import MemoClient

/// The daemon's totals and its functions, at one moment.
struct StatsSnapshot {
    let totals: Reply
    let functions: [FunctionInfo]

    /// - Parameters:
    ///   - limit: keeps that many functions, in order; `nil`: all.
    ///   - isGrouped: whether versions of a function are one row.
    static func read(from client: BlockingClient, order: FunctionOrder, limit: Int?, isGrouped: Bool = false)
        throws -> StatsSnapshot
    {
        let totals = try client.perform(.stats())
        let listing = try Listing.read(limit: nil, after: nil) { limit, after in
            try client.perform(.functions(limit: limit, after: after))
        }
        let functions = order.sorted(isGrouped ? try FunctionGroup.grouped(listing.rows) : listing.rows)
        return StatsSnapshot(
            totals: totals, functions: limit.map { Array(functions.prefix($0)) } ?? functions)
    }

    /// The totals as the daemon gave them, with the rows as `functions`; how many functions there are, which the
    /// daemon calls so, is `function_count`.
    var json: String {
        let members = totals.names.filter { $0 != "ok" }.map { name -> (String, JSONText) in
            (name == "functions" ? "function_count" : name, totals[name] ?? .null)
        }
        let rows = JSONText(joining: functions.map(\.reply.payload))
        return JSONText(members: members + [("functions", rows)]).description
    }
}
