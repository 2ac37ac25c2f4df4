internal import ArgumentParser
internal import MemoClient

struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write functions and their entries as NDJSON, for another daemon or another program.",
        discussion: """
            FILE appears when it is whole; after a break, the same command goes on where it stopped. Reading the \
            entries counts as using them. For a copy of the database itself, see memoctl backup.

              memoctl export results.ndjson
              memoctl export - compute_risk_score | gzip >results.gz
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: "Where to; - is standard output.", completion: .file()) var file: String
    @Argument(help: ArgumentHelp("Only these functions.", valueName: "fn")) var functions:
        [FunctionArgument] = []

    func run() throws {
        let client = common.client()
        var exporter = Exporter(client)
        let total = functions.isEmpty ? try client.perform(.stats()).int("currsize") ?? 0 : 0
        var bar = ProgressBar("exporting", total: total)
        let names = functions.map(\.name)
        if file == "-" {
            try exporter.run(only: names, from: nil, write: Output.standard.write) { bar.update($0) }
        } else {
            let target = try ExportFile(path: file)
            if let position = target.position {
                Terminal.standardError.writeLine("memoctl: going on behind \(position.function)")
            }
            try exporter.run(only: names, from: target.position, write: target.write) { bar.update($0) }
            try target.finish()
        }
        bar.finish()
        let summary =
            common.json ? "{\"exported\":\(exporter.entries)}" : "exported \(exporter.entries) entries"
        if file == "-" {
            Terminal.standardError.writeLine(summary)
        } else {
            try Output.standard.writeLine(summary)
        }
    }
}
