internal import ArgumentParser
internal import Glibc
internal import MemoClient
internal import Platform

struct Dashboard: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the cache in a browser.",
        usage: "memoctl dashboard [<options>]",
        discussion: """
            Starts memod-web, unless it runs, and opens a file that only you can read and that leads there: so no list of \
            processes shows the token. memod-web ends after an hour without a page that looks.

              memoctl dashboard
              memoctl dashboard --save cache.html
            """)

    @OptionGroup var common: CommonOptions
    @Option(
        help: ArgumentHelp("Write a self-contained page to this new file instead.", valueName: "file"))
    var save: PathArgument?
    @Flag(help: "Only say which file to open.") var noOpen = false

    func validate() throws {
        if save != nil, noOpen || common.json {
            throw ValidationError("--save goes with neither --no-open nor --json.")
        }
    }

    func run() throws {
        let client = common.client(patience: CommonOptions.shortPatience)
        try client.perform(.ping())
        let program = try WebProgram.find()
        let socket = Self.absolute(client.path ?? "")
        if let save {
            try program.save(save.path, socket: socket)
            return try Output.standard.writeLine(Terminal.standardOutput.safe("saved to \(save.path)"))
        }
        let page = try ForwardingPage(socket: socket)
        var isNew = false
        var address = page.address.flatMap { $0.isServed ? $0 : nil }
        if address == nil {
            address = try program.start(socket: socket)
            isNew = true
        }
        // Written each time: someone may have tidied it away.
        try page.write(address!)
        let isOpened = !noOpen && !common.json && Browser.open(page.path)
        if common.json {
            try Output.standard.writeAnswer([
                ("file", JSONText(string: page.path)), ("address", JSONText(string: address!.withoutToken)),
                ("started", JSONText(isNew)),
            ])
        } else {
            let what = isOpened ? "opened" : "open this file in a browser:"
            try Output.standard.writeLine(Terminal.standardOutput.safe("\(what) \(page.path)"))
        }
    }

    private static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let directory = getcwd(nil, 0) else { return path }
        defer { free(directory) }
        return String(cString: directory) + "/" + path
    }
}
