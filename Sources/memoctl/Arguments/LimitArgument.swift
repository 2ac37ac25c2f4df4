internal import ArgumentParser
internal import MemoClient
internal import MemoWire

/// A `maxsize`: a number of entries, or `none` for no bound.
struct LimitArgument: ExpressibleByArgument {
    let limit: Limit

    init?(argument: String) {
        if argument.lowercased() == "none" {
            limit = .unlimited
        } else if let count = Int64(ArgumentOrder.unmarked(argument)),
            count.magnitude <= WireLimits.integer.magnitude
        {
            limit = .entries(count)
        } else {
            return nil
        }
    }

    static var defaultCompletionKind: CompletionKind { .list(["128", "512", "none"]) }
}
