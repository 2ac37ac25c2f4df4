internal import ArgumentParser
internal import MemoClient

struct Start: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start a daemon for yourself, unless one answers.",
        discussion: """
            As Python programs and memoctl run, put and get do where none answers. It ends after an hour without a \
            connection, and logs to ~/.cache/memod/memod.log.

              memoctl start
            """)

    @OptionGroup var common: CommonOptions

    func run() throws {
        let client = common.client(patience: CommonOptions.shortPatience)
        if try answers(client) { return try tell(client.path ?? "", isNew: false) }
        let plan = try StartPlan(socket: client.locations.count == 1 ? client.locations[0].path : nil)
        let process = try Autostart.start(plan) { Terminal.standardError.writeLine("memoctl: " + $0) }
        try tell(plan.socket, isNew: process != nil)
    }

    /// - Throws: if one is there and refuses, or hangs: it is not replaced by another.
    private func answers(_ client: BlockingClient) throws(MemoError) -> Bool {
        do throws(MemoError) {
            try client.perform(.ping())
            return true
        } catch {
            guard Autostart.isMissing(error, client.locations) else { throw error }
            return false
        }
    }

    private func tell(_ socket: String, isNew: Bool) throws {
        let pid = DaemonProcess(socket: socket)?.pid
        if common.json {
            try Output.standard.writeAnswer([
                ("started", JSONText(isNew)), ("socket", JSONText(string: socket)),
                ("process", pid.map { JSONText($0) } ?? .null),
            ])
        } else {
            let process = pid.map { " (process \($0))" } ?? ""
            let what = isNew ? "memod started" : "memod runs already"
            try Output.standard.writeLine(Terminal.standardOutput.safe("\(what) at \(socket)\(process)"))
        }
    }
}
