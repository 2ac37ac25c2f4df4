internal import ArgumentParser

/// The name of a memoized function.
struct FunctionArgument: ExpressibleByArgument {
    static let help: ArgumentHelp = ArgumentHelp("The function's name.", valueName: "fn")
    /// Says that this program knows what there is; see `FunctionCompletion`.
    static var defaultCompletionKind: CompletionKind { .custom { _, _, _ in [] } }

    let name: String

    init?(argument: String) {
        guard !argument.isEmpty else { return nil }
        name = ArgumentOrder.unmarked(argument)
    }
}
