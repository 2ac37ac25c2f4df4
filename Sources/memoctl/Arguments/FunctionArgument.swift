internal import ArgumentParser
internal import MemoWire

/// The name of a memoized function.
struct FunctionArgument: ExpressibleByArgument {
    static let help: ArgumentHelp = ArgumentHelp("The function's name.", valueName: "fn")
    /// Says that this program knows what there is; see `FunctionCompletion`.
    static var defaultCompletionKind: CompletionKind { .custom { _, _, _ in [] } }

    let name: String

    init?(argument: String) {
        name = ArgumentOrder.unmarked(argument)
        guard 1...WireLimits.functionBytes ~= name.utf8.count else { return nil }
    }
}
