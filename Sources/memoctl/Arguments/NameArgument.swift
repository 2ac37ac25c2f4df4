internal import ArgumentParser
internal import MemoWire

/// A name that is not empty, and not too long.
protocol NameArgument: ExpressibleByArgument {
    static var bytesMax: Int { get }
    var name: String { get }

    init(name: String)
}

extension NameArgument {
    init?(argument: String) {
        let name = ArgumentOrder.unmarked(argument)
        guard 1...Self.bytesMax ~= name.utf8.count else { return nil }
        self.init(name: name)
    }
}

/// The name of a memoized function.
struct FunctionArgument: NameArgument {
    static let help: ArgumentHelp = ArgumentHelp("The function's name.", valueName: "fn")
    static let bytesMax = WireLimits.functionBytes
    /// Says that this program knows what there is; see `FunctionCompletion`.
    static var defaultCompletionKind: CompletionKind { .custom { _, _, _ in [] } }

    let name: String
}

/// A tag of entries.
struct TagArgument: NameArgument {
    static let bytesMax = WireLimits.tagBytes

    let name: String
}
