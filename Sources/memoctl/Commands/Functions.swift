internal import ArgumentParser
internal import MemoClient

struct Functions: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the functions that have entries, counters or settings.",
        usage: "memoctl functions [<options>]",
        discussion: """
            In the order of their names. --json prints a row a line.

              memoctl functions --limit 10
            """)

    @OptionGroup var common: CommonOptions
    @Option(help: ArgumentHelp("At most so many rows.", valueName: "n")) var limit: Int?
    @Option(help: ArgumentHelp("Begin behind this one.", valueName: "next")) var after: String?

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1.") }
    }

    func run() throws {
        let client = common.client()
        let listing = try Listing.read(limit: limit, after: after) { limit, after in
            try client.perform(.functions(limit: limit, after: after))
        }
        if common.json {
            for row in listing.rows { try Output.standard.writeText(row.reply.payload.description) }
        } else {
            try Output.standard.writeLine(FunctionTable.text(listing.rows, for: .standardOutput))
        }
        listing.sayWhatIsLeft("memoctl functions")
    }
}
