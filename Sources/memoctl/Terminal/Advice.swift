internal import Glibc
internal import MemoClient

/// What to do about an error, behind what happened.
enum Advice {
    static func message(of error: MemoError) -> String {
        switch error.code {
        case .unreachable where error.isRefused: error.message + "; " + access
        case .unreachable: error.message + "; start one with: memoctl start"
        case .untrustedPeer: error.message + "; start your own with: memoctl start"
        case .timedOut: error.message + "; the daemon may be busy: try again, or with a longer --timeout"
        case .forbidden: error.message + " (the daemon does not allow this to you)"
        // Found on this side: the code says nothing that the message does not.
        case .invalidArgument, .notStarted, .starting: error.message
        case .tooManyConnections: error.message + "; try again, or give memod a larger --max-connections"
        default: error.message + " (\(error.code))"
        }
    }

    static let access =
        "ask whoever runs memod to let you in (--allow-user, --allow-group); for the system's: "
        + "usermod --append --groups memod-clients NAME, and log in again"
}
