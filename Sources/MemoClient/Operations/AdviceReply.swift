internal import MemoWire

/// What `advise` answers: how often caches of other sizes would hit, and what to change.
public struct AdviceReply: Sendable {
    /// A size, in entries (or in bytes for the hot tier), and how often a cache of it would hit.
    public struct Size: Sendable {
        public let size: Int64
        public let hitRatio: Double
    }

    /// For one function, or the hot tier.
    public struct Row: Sendable {
        /// `nil`: the hot tier.
        public let function: String?
        /// Told to administrators of a daemon that isolates its users.
        public let uid: Int64?
        public let current: Size
        public let curve: [Size]
        /// What to change to.
        public let suggestion: Size?
        public let savedMsPerHour: Double
        /// Why nothing should be changed.
        public let reason: String?

        init(_ row: Reply, size member: String) throws(MemoError) {
            function = row.string("fn")
            uid = row.int("uid")
            current = try Self.size(row, member)
            var curve: [Size] = []
            for point in row.list("curve") ?? [] { curve.append(try Self.size(Reply(point), member)) }
            self.curve = curve
            if let suggest = row.object("suggest") {
                suggestion = try Self.size(suggest, member)
                savedMsPerHour = suggest.double("saved_ms_per_hour") ?? 0
            } else {
                suggestion = nil
                savedMsPerHour = 0
            }
            reason = row.string("reason")
        }

        private static func size(_ row: Reply, _ member: String) throws(MemoError) -> Size {
            Size(
                size: try row.require(row.int(member), member),
                hitRatio: try row.require(row.double("hit_ratio"), "hit_ratio"))
        }
    }

    public let functions: [Row]
    public let hot: Row?
    /// The daemon's line.
    public let reply: Reply

    package init(_ reply: Reply) throws(MemoError) {
        self.reply = reply
        var functions: [Row] = []
        for row in try reply.require(reply.list("functions"), "functions") {
            functions.append(try Row(Reply(row), size: "maxsize"))
        }
        self.functions = functions
        if let hot = reply.object("hot") { self.hot = try Row(hot, size: "bytes") } else { hot = nil }
    }
}

extension Call where Result == AdviceReply {
    /// Which sizes would serve better.
    /// - Parameter function: `nil`: every function with a bound, and the hot tier.
    public static func advise(_ function: String? = nil) -> Call {
        var request = RequestLine(.advise)
        request.add("fn", string: function)
        return Call(request) { reply throws(MemoError) in try AdviceReply(reply) }
    }
}
