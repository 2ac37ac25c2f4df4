internal import ArgumentParser
internal import MemoClient

struct Why: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say in a sentence what became of an entry.",
        discussion: """
            present, expired, evicted, deleted, cleared, rejected, or unknown where it was never there, was cleared \
            within the last second, or is no longer remembered. Asking is not a use and is not counted. With --remote \
            a second line says what other machines have.

              memoctl why compute_risk_score '[7,0.05]'
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var text: TextOption
    @Argument(help: FunctionArgument.help) var function: FunctionArgument
    @Flag(help: "Ask other machines, too.") var remote = false
    @Argument(help: "The arguments of the call, as JSON.") var key: JSONArgument

    func validate() throws {
        _ = try text.key(key)
    }

    func run() throws {
        let client = common.client()
        let call = Call.why(function.name, try text.key(key), remote: remote)
        let reply = try client.perform(call)
        let isThere = reply.object("remote").map { $0.int("bytes") != nil } ?? false
        if reply.string("state") == "unknown", !isThere { try FunctionChoice.require(function.name, client) }
        if common.json {
            try Output.standard.writeText(reply.payload.description)
        } else {
            try Output.standard.writeLine(WhySentence.text(of: reply))
            if let there = WhySentence.remoteText(of: reply) { try Output.standard.writeLine(there) }
        }
    }
}
