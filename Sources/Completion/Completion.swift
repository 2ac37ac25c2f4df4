internal import MemoWire

/// Answers what the scripts of `CompletionScript` ask a program for.
///
/// Everything on both sides is data: the scripts hand the command line over as it is, and take words that end in
/// NUL, which no shell evaluates.
package enum Completion {
    /// What the first argument is then; the argument parser takes no option with three dashes.
    private static let request = "---complete"

    /// - Parameters:
    ///   - arguments: of the program.
    ///   - dump: its commands and options, as its argument parser describes them.
    ///   - values: what it knows of its own.
    /// - Returns: what to write to standard output; `nil` if no shell is asking.
    package static func answer(
        _ arguments: [String], dump: () -> String, values: @escaping Completer.Values
    ) -> [UInt8]? {
        answer(arguments, tree: { CommandTree(dump: dump()) }, values: values)
    }

    /// - Parameter tree: its commands and options.
    package static func answer(
        _ arguments: [String], tree: () -> CommandTree?,
        values: @escaping Completer.Values = { _, _, _ in [] }
    ) -> [UInt8]? {
        if let script = scriptAsked(arguments) { return Array(script.utf8) }
        guard arguments.first == request, arguments.count > 1 else { return nil }
        guard let tree = tree() else { return [] }
        let completer = Completer(tree, values: values)
        let rest = Array(arguments[2...])
        switch arguments[1] {
        case "bash" where rest.count == 2:
            return fields(BashAnswer.fields(completer, BashLine(rest[0], breaks: rest[1])))
        case "words" where !rest.isEmpty:
            return fields(words(completer.answer(Array(rest.dropLast()), rest[rest.count - 1])))
        default: return []
        }
    }

    /// The argument parser writes a script of its own, in which names are code to bash.
    private static func scriptAsked(_ arguments: [String]) -> String? {
        let option = "--generate-completion-script"
        guard let first = arguments.first, first.hasPrefix(option) else { return nil }
        let shell: String? =
            first == option ? arguments.dropFirst().first : String(first.dropFirst(option.count + 1))
        return shell.flatMap(CompletionScript.init)?.text
    }

    /// For zsh and fish, which quote and choose by themselves: the kind, what stands before each word, and words
    /// with what is shown beside them.
    private static func words(_ answer: Completer.Answer) -> [String] {
        switch answer {
        case .files: ["files", ""]
        case .command: ["command", ""]
        case .words(let candidates, let behind):
            ["words", behind] + candidates.flatMap { [$0.value, $0.abstract] }
        }
    }

    private static func fields(_ fields: [String]) -> [UInt8] {
        fields.flatMap { Array($0.utf8) + [0] }
    }
}
