internal import ArgumentParser
internal import Glibc
internal import MemoClient

struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Store what memoctl export wrote.",
        discussion: """
            Entries there already are replaced; times to live go on from the time of the export. After a break, the \
            same command goes on where it stopped, which FILE.import says until it is done. Exit status 1: something \
            is missing at the end, where an export has the line {"done":true}; what is there was imported.

              memoctl import results.ndjson
              zcat results.gz | memoctl import -
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: ArgumentHelp("What to read; - is standard input.", valueName: "file")) var source:
        PathArgument

    /// How much is stored between two notes of how far it has come.
    private static let noteBytes: Int64 = 8 << 20

    func run() throws {
        let client = common.client()
        let importer = file == "-" ? try readInput(client) : try readFile(client)
        let figures = importer.figures
        if common.json {
            try Output.standard.writeAnswer([
                ("functions", JSONText(figures.functions)), ("stored", JSONText(figures.stored)),
                ("expired", JSONText(figures.expired)), ("refused", JSONText(figures.refused)),
                ("complete", JSONText(importer.isComplete)),
            ])
        } else {
            try Output.standard.writeLine(
                "imported \(HumanFormat.count(figures.stored, "entry", "entries")) of "
                    + "\(HumanFormat.count(figures.functions, "function", "functions")); "
                    + "\(figures.expired) had expired, \(figures.refused) were refused")
        }
        guard importer.isComplete else {
            Terminal.standardError.writeLine(
                "memoctl: \(name) is not a whole export: "
                    + "it lacks the end, the line {\"done\":true}; what is there was imported")
            throw ExitCode(1)
        }
    }

    private var file: String { source.path }
    private var name: String { file == "-" ? "standard input" : file }

    private func readInput(_ client: BlockingClient) throws -> Importer {
        var importer = Importer(client)
        var reader = LineReader(STDIN_FILENO)
        try read(&reader, &importer, behind: 0) { _, _, _ in }
        return importer
    }

    private func readFile(_ client: BlockingClient) throws -> Importer {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw OutputError("\(file) cannot be read", number: errno) }
        defer { close(descriptor) }
        var progress = try ImportProgress(of: descriptor)
        let note = ImportProgress.path(for: file)
        var reader = LineReader(descriptor)
        var importer = Importer(client)
        if let earlier = progress.earlier(at: note) {
            progress = earlier
            importer = Importer(client, age: earlier.age)
            try reader.skip(to: earlier.offset)
            Terminal.standardError.writeLine("memoctl: going on at byte \(earlier.offset) of \(earlier.size)")
        }
        var bar = ProgressBar("importing", total: progress.size)
        try read(&reader, &importer, behind: progress.lines) { reader, lines, importer in
            bar.update(reader.offset)
            guard reader.offset - progress.offset >= Self.noteBytes else { return }
            try importer.flush()
            try client.perform(.sync())
            progress.offset = reader.offset
            progress.lines = lines
            progress.age = importer.age ?? 0
            try progress.save(at: note)
        }
        bar.finish()
        try client.perform(.sync())
        unlink(note)
        return importer
    }

    /// - Parameters:
    ///   - lines: that come before the first one that is read here.
    ///   - taken: is told how many there are then.
    private func read(
        _ reader: inout LineReader, _ importer: inout Importer, behind lines: Int64,
        _ taken: (LineReader, Int64, inout Importer) throws -> Void
    ) throws {
        var lines = lines
        while let line = try reader.next() {
            lines += 1
            if !line.bytes.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) {
                do throws(MemoError) {
                    try importer.take(line.bytes)
                } catch {
                    guard error.code == .invalidArgument else {
                        // Entries are stored many at once.
                        guard [.badRequest, .badJSON, .tooLarge].contains(error.code) else { throw error }
                        throw MemoError(error.code, "\(name), at or before line \(lines): \(error.message)")
                    }
                    // Where an export was cut within a line, that line is no JSON.
                    if !line.isComplete, importer.age != nil, (try? JSONText(parsing: line.bytes)) == nil {
                        break
                    }
                    throw MemoError(.invalidArgument, "\(name), line \(lines): \(error.message)")
                }
            }
            try taken(reader, lines, &importer)
        }
        try importer.flush()
    }
}
