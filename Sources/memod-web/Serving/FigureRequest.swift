internal import MemoClient

/// A request for figures: `/api/…`.
struct FigureRequest {
    struct Malformed: Error { let reason: String }

    private enum Kind: String { case stats, functions, history, advise, info, keys }

    private let kind: Kind
    private let query: QueryParameters

    /// - Returns: `nil` if there is no such path.
    init?(path: String, _ query: QueryParameters) {
        guard path.hasPrefix("/api/"), let kind = Kind(rawValue: String(path.dropFirst(5))) else {
            return nil
        }
        self.kind = kind
        self.query = query
    }

    func answer(from daemon: DaemonFigures) async throws -> JSONText {
        try refuseUnknown()
        let function = query["fn"]
        switch kind {
        case .stats: return try await daemon.stats().payload
        case .functions:
            let rows = try await daemon.functions().map(\.reply.payload)
            return JSONText(members: [("functions", JSONText(joining: rows))])
        case .history:
            let span = try number("span_ms", 1...(1 << 53)).map { Duration.milliseconds($0) }
            let points = try number("points", 1...2000)
            return try await daemon.perform(.history(function, span: span, points: points.map { Int($0) }))
                .reply.payload
        case .advise: return try await daemon.perform(.advise(function)).reply.payload
        case .info:
            return try await daemon.info(try required(function)).payload
        case .keys:
            let limit = try number("limit", 1...1000).map { Int($0) }
            let page = try await daemon.perform(
                .keys(try required(function), limit: limit, after: query["after"]))
            return JSONText(members: [
                ("keys", JSONText(joining: page.rows.map(\.payload))),
                ("next", page.next.map { JSONText(string: $0) } ?? .null),
            ])
        }
    }

    private var known: Set<String> {
        switch kind {
        case .stats, .functions: []
        case .history: ["fn", "span_ms", "points"]
        case .advise, .info: ["fn"]
        case .keys: ["fn", "limit", "after"]
        }
    }

    private func refuseUnknown() throws {
        let unknown = query.names.subtracting(known).subtracting(["token"])
        if let name = unknown.min() {
            throw Malformed(reason: "\(kind.rawValue) takes no parameter \"\(name)\"")
        }
    }

    private func required(_ function: String?) throws -> String {
        guard let function else { throw Malformed(reason: "\(kind.rawValue) needs the parameter \"fn\"") }
        return function
    }

    private func number(_ name: String, _ range: ClosedRange<Int64>) throws -> Int64? {
        guard let text = query[name] else { return nil }
        guard let value = Int64(text), range.contains(value) else {
            throw Malformed(
                reason: "\(name) must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }
}
