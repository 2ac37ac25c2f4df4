/// Whether a function's results are shared with other machines.
public enum Sharing: Sendable, Equatable {
    case on, off
    /// What others have is used, and nothing is given to them.
    case readOnly
    /// As the daemon's settings say.
    case byDefault

    /// As JSON.
    var json: StaticString {
        switch self {
        case .on: "true"
        case .off: "false"
        case .readOnly: "\"read\""
        case .byDefault: "null"
        }
    }

    init(_ reply: Reply) {
        switch reply.text("remote") {
        case "true": self = .on
        case "false": self = .off
        case "\"read\"": self = .readOnly
        default: self = .byDefault
        }
    }
}
