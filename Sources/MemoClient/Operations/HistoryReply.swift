internal import MemoWire

/// What `history` answers: steps of time without a gap, oldest first. The last one is still under way.
public struct HistoryReply: Sendable {
    /// One step.
    public struct Point: Sendable {
        /// When it began: milliseconds since 1970.
        public let at: Int64
        public let hits: Int64
        public let misses: Int64
        public let savedMs: Int64
        public let evictions: Int64
        /// What there was at its end. Zero, too, if nothing happened in it.
        public let entries: Int64
        public let hotBytes: Int64
        public let coldBytes: Int64
    }

    public let stepMs: Int64
    public let points: [Point]
    /// The daemon's line.
    public let reply: Reply

    package init(_ reply: Reply) throws(MemoError) {
        self.reply = reply
        stepMs = try reply.require(reply.int("step_ms"), "step_ms")
        var points: [Point] = []
        for row in try reply.require(reply.list("points"), "points") {
            let row = try Reply(row)
            func number(_ name: String) throws(MemoError) -> Int64 { try row.require(row.int(name), name) }
            points.append(
                Point(
                    at: try number("at"), hits: try number("hits"), misses: try number("misses"),
                    savedMs: try number("saved_ms"), evictions: try number("evictions"),
                    entries: try number("entries"), hotBytes: try number("hot_bytes"),
                    coldBytes: try number("cold_bytes")))
        }
        self.points = points
    }
}

extension Call where Result == HistoryReply {
    /// What happened over time.
    /// - Parameters:
    ///   - function: `nil`: of all functions.
    ///   - span: how far back; `nil`: a day.
    ///   - points: as many steps at most, up to 2,000; `nil`: 120.
    public static func history(_ function: String? = nil, span: Duration? = nil, points: Int? = nil) -> Call {
        var request = RequestLine(.history)
        request.add("fn", string: function)
        request.add("span_ms", span)
        request.add("points", number: points)
        return Call(request) { reply throws(MemoError) in try HistoryReply(reply) }
    }
}
