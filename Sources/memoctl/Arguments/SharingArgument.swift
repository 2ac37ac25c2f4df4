internal import ArgumentParser
internal import MemoClient

/// Whether a function is shared with other machines.
struct SharingArgument: ExpressibleByArgument {
    let sharing: Sharing

    init?(argument: String) {
        switch argument {
        case "on": sharing = .on
        case "off": sharing = .off
        case "read": sharing = .readOnly
        case "default": sharing = .byDefault
        default: return nil
        }
    }

    static var defaultCompletionKind: CompletionKind { .list(["on", "off", "read", "default"]) }
}

extension Sharing {
    /// As `define` prints it.
    var text: String {
        switch self {
        case .on: "on"
        case .off: "off"
        case .readOnly: "read"
        case .byDefault: "default"
        }
    }
}
