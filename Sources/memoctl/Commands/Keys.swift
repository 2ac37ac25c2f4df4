internal import ArgumentParser
internal import MemoClient

struct Keys: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the entries of a function.",
        usage: "memoctl keys [<options>] <fn>",
        discussion: """
            Looking is not a use: it changes neither order nor counters. --json prints a row a line.

              memoctl keys compute_risk_score --limit 20
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: FunctionArgument.help) var function: FunctionArgument
    @Option(help: ArgumentHelp("At most this many rows (100).", valueName: "n")) var limit: CountArgument?
    @Option(help: ArgumentHelp("Begin behind this one.", valueName: "next")) var after: String?
    @Flag(help: "Print all of them, however many.") var all = false

    func validate() throws {
        if all && limit != nil { throw ValidationError("--all and --limit say different things.") }
    }

    func run() throws {
        let client = common.client()
        let listing = try Listing.read(limit: all ? nil : limit?.count ?? 100, after: after) { limit, after in
            try client.perform(.keys(function.name, limit: limit, after: after))
        }
        if listing.rows.isEmpty, after == nil { try FunctionChoice.require(function.name, client) }
        if common.json {
            for row in listing.rows { try Output.standard.writeText(row.payload.description) }
        } else if !listing.rows.isEmpty {
            // To an administrator, one key may be several users'.
            let namesOwners = Set(listing.rows.map { $0.int("uid") }).count > 1
            var table = Table(
                [("KEY", .left), ("BYTES", .right), ("AGE", .right), ("TTL", .right), ("TIER", .left)]
                    + (namesOwners ? [("UID", .right)] : []))
            for row in listing.rows {
                table.add(
                    [
                        row["key"]?.description ?? "?",
                        row.int("bytes").map(HumanFormat.bytes) ?? "-",
                        row.int("age_ms").map(HumanFormat.duration(milliseconds:)) ?? "-",
                        row.int("ttl_ms").map(HumanFormat.duration(milliseconds:)) ?? "forever",
                        row.string("tier") ?? "-",
                    ] + (namesOwners ? [row.int("uid").map(String.init) ?? "-"] : []))
            }
            try Output.standard.writeLine(table.text(for: .standardOutput))
        }
        listing.sayWhatIsLeft("memoctl keys \(function.name)")
    }
}
