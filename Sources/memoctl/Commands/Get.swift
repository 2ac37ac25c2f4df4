internal import ArgumentParser
internal import MemoClient

struct Get: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a value.",
        usage: "memoctl get [<options>] <fn> <key>",
        discussion: """
            Exit status 2 and no output: there is none. It counts as a hit or a miss of the function.

              memoctl get compute_risk_score '[7,0.05]'
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: FunctionArgument.help) var function: FunctionArgument
    @Argument(help: "The arguments it was called with, as JSON.") var key: JSONArgument
    @Flag(help: "Say also what is known about the entry (with --json).") var meta = false

    func validate() throws {
        _ = try key.json("KEY")
    }

    func run() throws {
        let key = try key.json("KEY")
        let call = Call.get(function.name, key, GetOptions(meta: meta))
        let reply = try common.client().reply(to: call)
        let lookup = try call.result(of: reply)
        if common.json {
            try Output.standard.writeLine(reply.payload.description)
        } else if let value = lookup.value {
            let terminal = Terminal.standardOutput
            if terminal.isTerminal {
                try Output.standard.writeLine(terminal.safe(value.description))
            } else {
                try Output.standard.write(value.bytes + [0x0A])
            }
        }
        if lookup.value == nil { throw ExitCode(2) }
    }
}
