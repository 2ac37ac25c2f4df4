internal import MemoClient
internal import Platform

/// What differed when hits of a function were computed again.
struct MismatchListing {
    private let rows: [(function: String, mismatch: Mismatch)]
    private let info: FunctionInfo
    private let isJSON: Bool
    private let terminal = Terminal.standardOutput

    init(_ name: String, isExact: Bool, _ common: CommonOptions) throws {
        let client = common.client()
        guard try client.has(.verify) else {
            throw CommandFailure("the daemon is older than this memoctl, and keeps no mismatches")
        }
        let names: [String]
        switch try FunctionChoice(name, isExact: isExact, client) {
        case .one: names = [name]
        // To an administrator there may be several of one name.
        case .several(let found): names = Set(found.map(\.name)).sorted()
        case .none: throw try FunctionChoice.notFound(name, client)
        }
        let infos = try names.map { try client.perform(.info($0, mismatches: true)) }
        info = infos.count == 1 ? infos[0] : try FunctionGroup.sum(infos, name: name)
        rows = try infos.flatMap { info in try info.mismatches.map { (info.name, $0) } }
            .sorted { $0.1.at > $1.1.at }
        isJSON = common.json
    }

    func show() throws {
        if isJSON {
            for row in rows {
                let members = [
                    ("fn", JSONText(string: row.function)), ("at", JSONText(row.mismatch.at)),
                    ("digest", JSONText(string: row.mismatch.digest)),
                    ("kept", JSONText(string: row.mismatch.kept)),
                    ("computed", JSONText(string: row.mismatch.computed)),
                ]
                try Output.standard.writeText("\(JSONText(members: members))")
            }
            return
        }
        var lines = [
            "\(TextEscaping.printable(info.name)): \(HumanFormat.count(info.verified, "hit", "hits")) verified, "
                + "\(info.mismatched) differed"
        ]
        for (function, mismatch) in rows {
            let name = function == info.name ? "" : "  \(TextEscaping.printable(function))"
            lines += [
                "",
                "\(WallClock.moment(mismatch.at, withDate: true))  key \(TextEscaping.printable(mismatch.digest))\(name)",
            ]
            lines += described("kept", mismatch.kept) + described("computed", mismatch.computed)
        }
        try Output.standard.writeLine(lines.joined(separator: "\n"))
    }

    /// A value beside its name, and below itself where it does not fit.
    private func described(_ name: String, _ value: String) -> [String] {
        let margin = 12
        let width = terminal.isTerminal ? max(20, terminal.size.columns - margin) : .max
        return DisplayWidth.wrapped(TextEscaping.printable(value), width).enumerated().map { index, line in
            let label = index == 0 ? "  \(name)" : ""
            return label + String(repeating: " ", count: margin - label.count) + line
        }
    }
}
