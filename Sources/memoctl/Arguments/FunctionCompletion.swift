internal import ArgumentParser
internal import MemoClient

/// What a shell offers for the name of a function: those that the daemon knows.
enum FunctionCompletion {
    /// Who presses a key waits for it.
    private static let timeout = Duration.milliseconds(500)
    private static let namesMax = 1000

    /// - Parameter words: of the command line so far.
    /// - Returns: nothing where there is no daemon: a shell has no place for errors.
    static func names(_ words: [String]) -> [String] {
        let socket = words.firstIndex(of: "--socket").flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil }
        let client = BlockingClient(path: socket, timeout: timeout)
        guard let page = try? client.perform(.functions(limit: namesMax, after: nil)) else { return [] }
        // Each is a line to the shell; a name that is none, or not printable, has to be typed.
        let names = Set(page.rows.map(\.name)).filter { TextEscaping.printable($0) == $0 }.sorted()
        // To zsh, a description follows the first colon.
        return CompletionShell.requesting == .zsh ? names.map { $0.replacing(":", with: "\\:") } : names
    }
}
