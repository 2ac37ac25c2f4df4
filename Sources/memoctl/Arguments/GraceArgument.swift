internal import ArgumentParser

/// A grace time: a duration, or `none`.
struct GraceArgument: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        guard let duration = argument == "none" ? .zero : DurationArgument(argument: argument)?.duration
        else {
            return nil
        }
        self.duration = duration
    }

    static var defaultCompletionKind: CompletionKind { .list(["10m", "1h", "7d", "none"]) }
}
