internal import ArgumentParser
internal import MemoClient
internal import MemoWire

struct Functions: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the functions that have entries, counters or settings.",
        usage: "memoctl functions [<options>]",
        discussion: """
            In the order of their names, the versions of a function (what follows the last @ of its name) in one \
            row. --json prints a row a line, each version its own.

              memoctl functions --limit 10
            """)

    @OptionGroup var common: CommonOptions
    @Option(help: ArgumentHelp("At most this many rows.", valueName: "n")) var limit: CountArgument?
    @Option(help: ArgumentHelp("Begin behind this one.", valueName: "next")) var after: String?
    @Flag(help: "A row for each version of a function.") var versions = false

    func run() throws {
        let client = common.client()
        let isGrouped = !versions && !common.json
        var listing = try Listing.read(limit: isGrouped ? nil : limit?.count, after: after) { limit, after in
            try client.perform(.functions(limit: limit, after: after))
        }
        if isGrouped { listing = try grouped(listing.rows) }
        if common.json {
            for row in listing.rows { try Output.standard.writeText(row.reply.payload.description) }
        } else {
            try Output.standard.writeLine(FunctionTable.text(listing.rows, for: .standardOutput))
        }
        listing.sayWhatIsLeft("memoctl functions")
    }

    /// As many groups as there may be rows; the next ones begin behind the last version of the last of them.
    private func grouped(_ rows: [FunctionInfo]) throws -> Listing<FunctionInfo> {
        let groups = try FunctionGroup.grouped(rows)
        guard let limit = limit?.count, groups.count > limit else { return Listing(rows: groups, next: nil) }
        let last = groups[limit - 1]
        let names = (last.reply.list("versions") ?? []).compactMap { try? $0.value()["fn"]?.stringValue }
        return Listing(rows: Array(groups.prefix(limit)), next: names.last ?? last.name)
    }
}
