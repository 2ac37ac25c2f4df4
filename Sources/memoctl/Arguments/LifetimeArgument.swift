internal import ArgumentParser
internal import MemoClient

/// A time to live: a duration, or `forever`.
struct LifetimeArgument: ExpressibleByArgument {
    let lifetime: Lifetime

    init?(argument: String) {
        if argument == "forever" {
            lifetime = .forever
        } else if let duration = DurationArgument(argument: argument)?.duration {
            lifetime = .lasting(duration)
        } else {
            return nil
        }
    }

    static var defaultCompletionKind: CompletionKind { .list(["2s", "10m", "1h", "7d", "forever"]) }
}
