internal import Completion
internal import Glibc
internal import MemoClient

/// What a shell offers that this program knows of its own: functions of the daemon, variables of the environment.
enum FunctionCompletion {
    /// Who presses a key waits for it.
    private static let patience = Duration.milliseconds(500)
    private static let namesMax = 1000
    private static let pageRows = 1000

    /// - Parameters:
    ///   - valueName: what the argument takes.
    ///   - words: of the command line so far.
    ///   - prefix: of the word under the cursor.
    static func values(_ valueName: String, _ words: [String], _ prefix: String) -> [String] {
        valueName == "variable" ? variables : names(words, prefix)
    }

    /// - Returns: nothing if there is no daemon: a shell has no place for errors.
    private static func names(_ words: [String], _ prefix: String) -> [String] {
        let socket = words.lastIndex(of: "--socket").flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil }
        let client = BlockingClient(path: socket.map(expanded), timeout: patience)
        let end = ContinuousClock.now + patience
        var names: Set<String> = []
        var after: String?
        repeat {
            guard let page = try? client.perform(.functions(limit: pageRows, after: after)) else { break }
            names.formUnion(page.rows.map(\.name))
            after = page.next
        } while after != nil && ContinuousClock.now < end
        // A shell chooses for itself, as long as it can be given all.
        let chosen = names.count <= namesMax ? names : names.filter { $0.hasPrefix(prefix) }
        return Array(chosen.sorted().prefix(namesMax))
    }

    /// The line was not evaluated: what people write for a path is a home or a variable.
    private static func expanded(_ path: String) -> String {
        if path.hasPrefix("~/"), let home = variable("HOME") { return home + path.dropFirst() }
        guard path.hasPrefix("$") else { return path }
        let name = path.dropFirst().filter { $0 != "{" && $0 != "}" }
        return variable(name) ?? path
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// Those that commonly change what programs print come first where a shell keeps the order.
    private static var variables: [String] {
        var names: [String] = []
        var next = environ
        while let entry = next.pointee {
            names.append(String(String(cString: entry).prefix { $0 != "=" }))
            next += 1
        }
        let common = [
            "HOME", "LANG", "LC_ALL", "LC_COLLATE", "LC_CTYPE", "LC_NUMERIC", "LC_TIME", "PATH", "TZ",
        ]
        return common + Set(names).subtracting(common).sorted()
    }
}
