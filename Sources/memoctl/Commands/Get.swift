internal import ArgumentParser
internal import MemoClient
internal import MemoWire

struct Get: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a value.",
        usage: "memoctl get [<options>] <fn> <key>",
        discussion: """
            Exit status 2 and no output: there is none. It counts as a hit or a miss of the function.

              memoctl get compute_risk_score '[7,0.05]'
              memoctl get greet --string --raw Ada
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var text: TextOption
    @Argument(help: FunctionArgument.help) var function: FunctionArgument
    @Argument(help: "The arguments it was called with, as JSON.") var key: JSONArgument
    @Flag(help: "Print a string without its quotes.") var raw = false
    @Flag(help: "Say also what is known about the entry, as JSON.") var meta = false

    func validate() throws {
        _ = try text.key(key)
        if meta && !common.json { throw ValidationError("--meta is for --json.") }
        if raw && common.json { throw ValidationError("--raw prints a string, and --json the reply.") }
    }

    func run() throws {
        let key = try text.key(key)
        let call = Call.get(function.name, key, GetOptions(meta: meta))
        let reply = try common.client(autostart: true).reply(to: call)
        let lookup = try call.result(of: reply)
        if common.json {
            try Output.standard.writeText(reply.payload.description)
        } else if let value = lookup.value {
            try Output.standard.writeText((raw ? Self.string(value) : nil) ?? value.description)
        }
        if lookup.value == nil { throw ExitCode(2) }
    }

    private static func string(_ value: JSONText) -> String? { (try? value.value())?.stringValue }
}
