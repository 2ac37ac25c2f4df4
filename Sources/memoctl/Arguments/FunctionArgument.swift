internal import ArgumentParser

/// The name of a memoized function.
struct FunctionArgument: ExpressibleByArgument {
    static let help: ArgumentHelp = ArgumentHelp("The function's name.", valueName: "fn")
    static var defaultCompletionKind: CompletionKind {
        .custom { words, _, _ in FunctionCompletion.names(words) }
    }

    let name: String

    init?(argument: String) {
        guard !argument.isEmpty else { return nil }
        name = ArgumentOrder.unmarked(argument)
    }
}
