internal import ArgumentParser
internal import MemoClient

struct Clear: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove all entries of a function, of a tag, or all there are.",
        usage: "memoctl clear [<options>] (<fn> | --tag <tag> | --all)",
        discussion: """
            Clearing a function also zeroes its counters. A name without a version means all its versions, and one \
            with * or ? all that match, unless a function is called so. Under isolation, --all clears one's own entries.

              memoctl clear compute_risk_score
              memoctl clear --tag greetings
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: FunctionArgument.help) var function: FunctionArgument?
    @Option(help: ArgumentHelp("Remove what was stored with this tag.", valueName: "tag"))
    var tag: TagArgument?
    @Flag(help: "Remove everything.") var all = false
    @Flag(help: "Only the function that is called exactly so.") var exact = false

    func run() throws {
        // Not in `validate`, which comes before options that there are not are complained of.
        let choices = [function != nil, tag != nil, all].count { $0 }
        guard choices == 1 else {
            throw ValidationError("Give exactly one of FN, --tag TAG and --all.")
        }
        if exact && function == nil { throw ValidationError("--exact is for FN.") }
        if let function { return try clear(function.name) }
        try common.perform(tag.map { .clear(tag: $0.name) } ?? .clearAll()) { "cleared \($0)" }
    }

    private func clear(_ name: String) throws {
        let client = common.client()
        var names: Set = [name]
        switch try FunctionChoice(name, isExact: exact, client) {
        case .one: break
        case .several(let rows): names = Set(rows.map(\.name))
        case .none:
            // Nothing to remove is no failure: what is wanted is so.
            Terminal.standardError.writeLine("memoctl: " + (try FunctionChoice.absence(of: name, client)))
        }
        var cleared: Int64 = 0
        for name in names.sorted() { cleared += try client.perform(.clear(function: name)) }
        if common.json { return try Output.standard.writeAnswer([("cleared", JSONText(cleared))]) }
        try Output.standard.writeLine("cleared \(cleared)")
    }
}
