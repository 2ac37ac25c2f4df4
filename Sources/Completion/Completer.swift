/// What may stand where the cursor is, on a command line that was taken apart.
package struct Completer {
    struct Candidate: Equatable {
        let value: String
        /// Shown beside it by shells that do so.
        var abstract = ""
    }

    enum Answer: Equatable {
        /// Words, and how much of the word under the cursor stands before each of them: `--sort=`.
        case words([Candidate], behind: String)
        /// The shell knows better: names of files.
        case files
        /// The command line of another program, behind `--`.
        case command
    }

    /// - Parameters:
    ///   - valueName: of the argument that is asked for.
    ///   - words: of the command line, without the program.
    ///   - prefix: of the word under the cursor, so that a listing that is too long can be narrowed.
    package typealias Values = (_ valueName: String, _ words: [String], _ prefix: String) -> [String]

    private let tree: CommandTree
    private let values: Values

    init(_ tree: CommandTree, values: @escaping Values) {
        self.tree = tree
        self.values = values
    }

    /// - Parameters:
    ///   - words: before the one under the cursor, without the program.
    ///   - prefix: of the word under the cursor.
    func answer(_ words: [String], _ prefix: String) -> Answer {
        var command = tree
        // Options may stand before a command; what they are is the same for all of them.
        let early = tree.subcommands.first ?? tree
        var positionals = 0
        var awaited: CommandTree.Argument?
        var isTerminated = false
        for word in words {
            if awaited != nil {
                awaited = nil
            } else if isTerminated {
                positionals += 1
            } else if word == "--" {
                isTerminated = true
            } else if word.hasPrefix("-"), word.count > 1, !Self.isNumber(word) {
                let known = command.option(word) ?? (isRoot(command) ? early.option(word) : nil)
                awaited = known.flatMap { $0.kind == .option ? $0 : nil }
            } else if isRoot(command) {
                guard word != "help", let found = command.subcommands.first(where: { $0.name == word }) else {
                    return word == "help" && words.last == word ? .words(commands, behind: "") : nothing
                }
                command = found
            } else {
                positionals += 1
            }
        }
        if let awaited { return offer(awaited, words, prefix, behind: "") }
        if isTerminated, command.arguments.contains(where: \.isPostTerminator) { return .command }
        if !isTerminated, prefix.hasPrefix("-") {
            if let equals = prefix.firstIndex(of: "=") {
                guard let option = command.option(String(prefix[..<equals])), option.kind == .option else {
                    return nothing
                }
                let value = String(prefix[prefix.index(after: equals)...])
                return offer(option, words, value, behind: String(prefix[...equals]))
            }
            return .words(options(of: command, words), behind: "")
        }
        if isRoot(command) { return .words(commands, behind: "") }
        guard let argument = command.positional(at: positionals), !argument.isPostTerminator else {
            return nothing
        }
        return offer(argument, words, prefix, behind: "")
    }

    private var nothing: Answer { .words([], behind: "") }

    private func isRoot(_ command: CommandTree) -> Bool {
        !tree.subcommands.isEmpty && command.name == tree.name
    }

    private var commands: [Candidate] {
        tree.subcommands.map { Candidate(value: $0.name, abstract: $0.abstract) }
    }

    private func options(of command: CommandTree, _ words: [String]) -> [Candidate] {
        command.options.filter { option in
            option.isRepeating || !option.names.contains(where: words.contains)
        }.compactMap { option in
            option.names.first.map { Candidate(value: $0, abstract: option.abstract) }
        }
    }

    private func offer(
        _ argument: CommandTree.Argument, _ words: [String], _ prefix: String, behind: String
    ) -> Answer {
        switch argument.values {
        case .none: .words([], behind: behind)
        case .files: .files
        case .list(let list): .words(list.map { Candidate(value: $0) }, behind: behind)
        case .dynamic:
            // No argument of a program can hold a NUL.
            .words(
                values(argument.valueName, words, prefix).filter { !$0.utf8.contains(0) }
                    .map { Candidate(value: $0) }, behind: behind)
        }
    }

    private static func isNumber(_ word: String) -> Bool {
        word.dropFirst().first.map { $0.isASCII && $0.isNumber } ?? false
    }
}
