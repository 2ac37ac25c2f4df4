/// The error codes of the protocol.
public enum ErrorCode: String, Sendable {
    case badJSON = "bad_json"
    case badRequest = "bad_request"
    case unknownOperation = "unknown_op"
    case tooLarge = "too_large"
    case forbidden, busy, storage
    case shuttingDown = "shutting_down"
    case tooManyConnections = "too_many_connections"
}
