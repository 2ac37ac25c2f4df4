internal import ArgumentParser
internal import MemoClient

struct Info: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the counters and the settings of a function.",
        discussion: """
            The first line is what cache_info() prints in Python. A name without a version means all its versions, \
            with the settings of the newest. Exit status 2: there is no such function.

              memoctl info compute_risk_score
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: FunctionArgument.help) var function: FunctionArgument

    @Flag(help: "Only the function that is called exactly so.") var exact = false

    func run() throws {
        try Self.show(function.name, isExact: exact, common)
    }

    /// The same for `stats FN`.
    static func show(_ name: String, isExact: Bool, _ common: CommonOptions) throws {
        let client = common.client()
        let info: FunctionInfo
        switch try FunctionChoice(name, isExact: isExact, client) {
        // As the daemon says it of one's own: to an administrator, there may be several of the name.
        case .one: info = try client.perform(.info(name))
        case .several(let rows): info = try FunctionGroup.sum(rows, name: name)
        case .none: throw try FunctionChoice.notFound(name, client)
        }
        if common.json {
            try Output.standard.writeText(info.reply.payload.description)
        } else {
            try Output.standard.writeLine(FunctionSummary(info).text)
        }
    }
}
