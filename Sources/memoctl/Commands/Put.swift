internal import ArgumentParser
internal import MemoClient

struct Put: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Store a value.",
        usage: "memoctl put [<options>] <fn> <key> <value>",
        discussion: """
            Exit status 2: it was not stored, and standard error says why.

              memoctl put greet '"Ada"' '"Hello, Ada"' --ttl 10m --tag greetings
              memoctl put greet --string Ada 'Hello, Ada'
              curl -s https://example.org/rates.json | memoctl put rates '"today"' -
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var text: TextOption
    @Argument(help: FunctionArgument.help) var function: FunctionArgument
    @Argument(help: "The arguments of the call, as JSON.") var key: JSONArgument
    @Argument(help: "The result, as JSON; - reads standard input.") var value: JSONArgument
    @Option(help: ArgumentHelp("How long it is fresh, such as 10m; or forever.", valueName: "duration"))
    var ttl: LifetimeArgument?
    @Option(
        help: ArgumentHelp(
            "How long it is served after that, marked stale, such as 1h; or none.", valueName: "duration"))
    var stale: GraceArgument?
    @Option(help: ArgumentHelp("How long it took to compute, such as 250ms.", valueName: "duration"))
    var cost: DurationArgument?
    @Option(
        help: ArgumentHelp("A name to clear it by, together with others; may be repeated.", valueName: "tag"))
    var tag: [TagArgument] = []
    @Flag(help: "Return only when it is on disk.") var durable = false
    @Flag(help: "Leave an entry that is there already.") var ifAbsent = false

    func validate() throws {
        _ = try text.key(key)
        if !value.isInput { _ = try text.value(value) }
    }

    func run() throws {
        let key = try text.key(key)
        let value = try text.valueOrInput(value)
        let options = PutOptions(
            ttl: ttl?.lifetime, stale: stale?.duration, cost: cost?.duration, tags: tag.map(\.name),
            durable: durable,
            ifAbsent: ifAbsent)
        let call = Call.put(function.name, key, value, options)
        let reply = try common.client(autostart: true).reply(to: call)
        let outcome = try call.result(of: reply)
        if common.json { try Output.standard.writeText(reply.payload.description) }
        if reply.bool("degraded") ?? false {
            Terminal.standardError.writeLine(
                "memoctl: kept only in memory: the disk takes nothing at the moment")
        }
        if case .refused(let reason) = outcome {
            Terminal.standardError.writeLine("memoctl: not stored: " + Self.explanation(of: reason))
            throw ExitCode(2)
        }
    }

    private static func explanation(of reason: String) -> String {
        switch reason {
        case "exists": "there is an entry already"
        case "maxsize": "the function's maxsize is 0"
        case "too_large": "it is larger than the cold tier's budget"
        default: reason
        }
    }
}
