internal import MemoClient

/// What happened to several functions, together.
enum HistoryGroup {
    private static let names = [
        "hits", "misses", "saved_ms", "evictions", "entries", "hot_bytes", "cold_bytes",
    ]

    /// Steps that began at the same time, added up. A step may have ended between two of the answers.
    static func sum(_ histories: [HistoryReply]) throws(MemoError) -> HistoryReply {
        var sums: [Int64: [Int64]] = [:]
        for point in histories.flatMap(\.points) {
            let row = [
                point.hits, point.misses, point.savedMs, point.evictions, point.entries, point.hotBytes,
                point.coldBytes,
            ]
            sums[point.at] =
                sums[point.at].map { zip($0, row).map { $0.addingReportingOverflow($1).partialValue } } ?? row
        }
        let points = sums.sorted { $0.key < $1.key }.map { at, row in
            JSONText(members: [("at", JSONText(at))] + zip(names, row).map { ($0, JSONText($1)) })
        }
        let members = [
            ("ok", JSONText(true)), ("step_ms", JSONText(histories.first?.stepMs ?? 0)),
            ("points", JSONText(joining: points)),
        ]
        return try HistoryReply(Reply(parsing: JSONText(members: members).bytes))
    }
}
