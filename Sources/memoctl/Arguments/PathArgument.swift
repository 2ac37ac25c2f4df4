internal import ArgumentParser

/// Where something is in the file system.
struct PathArgument: ExpressibleByArgument {
    let path: String

    init?(argument: String) {
        guard !argument.isEmpty else { return nil }
        path = ArgumentOrder.unmarked(argument)
    }

    static var defaultCompletionKind: CompletionKind { .file() }
}
