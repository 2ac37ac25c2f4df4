internal import ArgumentParser
internal import MemoClient
internal import Platform

struct Advise: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say which sizes would serve better, and by how much.",
        usage: "memoctl advise [<options>] [<fn>]",
        discussion: """
            For each function with a maxsize and for the hot tier. Estimated from a sample of the look-ups since the \
            daemon started. With FN, the curve of the hit ratio over the size as well; a name without a version \
            means each of its versions. Exit status 2: there is no such function.

              memoctl advise
              memoctl advise compute_risk_score
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: FunctionArgument.help) var function: FunctionArgument?

    @Flag(help: "Only the function that is called exactly so.") var exact = false

    func validate() throws {
        if exact && function == nil { throw ValidationError("--exact is for FN.") }
    }

    func run() throws {
        let advice = try read()
        if common.json { return try Output.standard.writeText(advice.reply.payload.description) }
        try Output.standard.writeLine(text(advice))
    }

    private func read() throws -> AdviceReply {
        let client = common.client()
        guard let function else { return try client.perform(.advise()) }
        switch try FunctionChoice(function.name, isExact: exact, client) {
        case .one: return try client.perform(.advise(function.name))
        case .several(let rows):
            var advised: [JSONText] = []
            for name in Set(rows.map(\.name)).sorted() {
                advised += try client.perform(.advise(name)).reply.list("functions") ?? []
            }
            let members = [("ok", JSONText(true)), ("functions", JSONText(joining: advised))]
            return try AdviceReply(Reply(parsing: JSONText(members: members).bytes))
        case .none: throw try FunctionChoice.notFound(function.name, client)
        }
    }

    private func text(_ advice: AdviceReply) -> String {
        let rows = advice.functions + (advice.hot.map { [$0] } ?? [])
        guard !rows.isEmpty else {
            return function.map { "\(TextEscaping.printable($0.name)) has no maxsize, or no look-ups yet" }
                ?? "there is nothing to advise on yet"
        }
        var lines: [String] = []
        for row in rows {
            lines.append(Self.sentence(row))
            if function != nil { lines += [""] + Self.curve(row) + [""] }
        }
        if lines.last == "" { lines.removeLast() }
        return lines.joined(separator: "\n")
    }

    /// `raise risk.score from 512 to 2048: 76% becomes 95%, 12m saved an hour`.
    private static func sentence(_ row: AdviceReply.Row) -> String {
        let owner = row.uid.map { " (uid \($0))" } ?? ""
        let name = row.function.map { TextEscaping.printable($0) + owner } ?? "the hot tier"
        func size(_ size: Int64) -> String { row.function == nil ? HumanFormat.bytes(size) : "\(size)" }
        guard let suggestion = row.suggestion else {
            // There may have been none at all.
            let hits = row.current.hitRatio > 0 ? "\(percent(row.current.hitRatio)) of look-ups hit; " : ""
            return "\(name): \(hits)\(row.reason ?? "nothing to change")"
        }
        if suggestion.size < row.current.size {
            return "\(name) needs \(size(suggestion.size)) of its \(size(row.current.size))"
        }
        let saved =
            row.savedMsPerHour >= 1000
            ? ", \(HumanFormat.duration(milliseconds: Int64(row.savedMsPerHour))) saved an hour" : ""
        return "raise \(name) from \(size(row.current.size)) to \(size(suggestion.size)): "
            + "\(percent(row.current.hitRatio)) becomes \(percent(suggestion.hitRatio))\(saved)"
    }

    private static func percent(_ ratio: Double) -> String {
        HumanFormat.decimal(ratio * 100, places: ratio > 0.995 || ratio < 0.005 ? 1 : 0) + "%"
    }

    private static func curve(_ row: AdviceReply.Row) -> [String] {
        var table = Table([("MAXSIZE", .right), ("RATIO", .right), ("", .left)])
        for point in row.curve {
            let bar = String(repeating: "█", count: Int((point.hitRatio * 40).rounded()))
            let mark = point.size == row.current.size ? " now" : ""
            table.add(["\(point.size)", percent(point.hitRatio), bar + mark])
        }
        return table.lines(width: nil) { $0 }
    }
}
