internal import ArgumentParser

/// A tag of entries.
struct TagArgument: ExpressibleByArgument {
    let name: String

    init?(argument: String) {
        guard !argument.isEmpty else { return nil }
        name = ArgumentOrder.unmarked(argument)
    }
}
