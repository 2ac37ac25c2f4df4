internal import ArgumentParser
internal import Glibc
internal import MemoClient

struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write functions and their entries as NDJSON, for another daemon or another program.",
        usage: "memoctl export [<options>] <file> [<fn> ...]",
        discussion: """
            FILE appears when it is whole; after a break, the same command goes on where it stopped. This is no \
            use of the entries and is not counted. Their order of use is not exported: after an import, a function \
            with a maxsize may evict what was used last. For a copy of the database itself, see memoctl backup.

              memoctl export results.ndjson
              memoctl export - compute_risk_score | gzip >results.gz
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: "Where to; - is standard output.") var file: PathArgument
    @Argument(help: ArgumentHelp("Only these functions.", valueName: "fn")) var functions:
        [FunctionArgument] = []

    func run() throws {
        let client = common.client()
        let file = file.path
        for function in functions { try FunctionChoice.require(function.name, client) }
        var exporter = try Exporter(client)
        var bar = ProgressBar("exporting")
        var part = ""
        let names = functions.map(\.name)
        if file == "-" {
            try exporter.run(only: names, from: nil, write: Output.standard.write) {
                bar.update($0, of: $1)
            }
        } else {
            let target = try ExportFile(path: file, instance: exporter.instance, only: names)
            if let position = target.position {
                Terminal.standardError.writeLine(
                    "memoctl: going on where an export stopped, at function \(position.function)")
                part = " since the break"
            }
            try exporter.run(only: names, from: target.position, write: target.write) {
                bar.update($0, of: $1)
            }
            try target.finish()
        }
        bar.finish()
        // The export itself may be what is on standard output.
        let output = file == "-" ? Output(descriptor: STDERR_FILENO, name: "standard error") : .standard
        if common.json { return try output.writeAnswer([("exported", JSONText(exporter.entries))]) }
        try output.writeLine("exported \(HumanFormat.count(exporter.entries, "entry", "entries"))\(part)")
    }
}
