internal import ArgumentParser
internal import MemoClient

/// A `maxsize`: a number of entries, or `none` for no bound.
struct LimitArgument: ExpressibleByArgument {
    let limit: Limit

    init?(argument: String) {
        if argument.lowercased() == "none" {
            limit = .unlimited
        } else if let count = Int64(ArgumentOrder.unmarked(argument)) {
            limit = .entries(count)
        } else {
            return nil
        }
    }

    static var defaultCompletionKind: CompletionKind { .list(["128", "512", "none"]) }
}
