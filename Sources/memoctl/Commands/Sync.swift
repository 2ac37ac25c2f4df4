internal import ArgumentParser
internal import MemoClient

struct Sync: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Wait until everything stored so far is on disk.",
        discussion: """
              memoctl sync
            """)

    @OptionGroup var common: CommonOptions

    func run() throws {
        try common.perform(.sync()) { "synced" }
    }
}
