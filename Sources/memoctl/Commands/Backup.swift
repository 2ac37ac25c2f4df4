internal import ArgumentParser
internal import Glibc
internal import MemoClient
internal import Platform

struct Backup: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a consistent copy of the live database.",
        discussion: """
            For administrators. The daemon writes the file, as its own user and readable only by it; it must not \
            exist yet. The copy is a database that memod can be started with. The system's service may write below \
            /var/cache/memod only.

              memoctl backup /var/cache/memod/copy.db
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: "The copy; nothing may be there yet.") var file: PathArgument

    func run() throws {
        let path = try absolute(file.path)
        try common.perform(.backup(path: path)) { "wrote \(TextEscaping.printable(path))" }
    }

    /// The daemon has a working directory of its own.
    private func absolute(_ path: String) throws -> String {
        if path.hasPrefix("/") { return path }
        guard let directory = getcwd(nil, 0) else {
            throw OutputError("the working directory", number: errno)
        }
        defer { free(directory) }
        return String(cString: directory) + "/" + path
    }
}
