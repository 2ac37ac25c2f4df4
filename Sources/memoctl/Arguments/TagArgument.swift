internal import ArgumentParser
internal import MemoWire

/// A tag of entries.
struct TagArgument: ExpressibleByArgument {
    let name: String

    init?(argument: String) {
        name = ArgumentOrder.unmarked(argument)
        guard 1...WireLimits.tagBytes ~= name.utf8.count else { return nil }
    }
}
