/// What went wrong with a request, for the whole client library.
///
/// The code says whose affair it is: those of the protocol (`badRequest`, `busy`, `storage`, …) were answered by
/// the daemon, the others were found on this side.
public struct MemoError: Error, Sendable, CustomStringConvertible {
    /// A kind of error: the protocol's own codes as they stand on the wire, and those of the client.
    public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public var description: String { rawValue }

        public static let badJSON = Code(rawValue: "bad_json")
        public static let badRequest = Code(rawValue: "bad_request")
        public static let unknownOperation = Code(rawValue: "unknown_op")
        public static let tooLarge = Code(rawValue: "too_large")
        public static let forbidden = Code(rawValue: "forbidden")
        public static let busy = Code(rawValue: "busy")
        public static let storage = Code(rawValue: "storage")
        public static let shuttingDown = Code(rawValue: "shutting_down")
        public static let tooManyConnections = Code(rawValue: "too_many_connections")

        /// No daemon accepts connections where clients look.
        public static let unreachable = Code(rawValue: "unreachable")
        /// None does, and one could not be started.
        public static let notStarted = Code(rawValue: "not_started")
        /// A daemon is being started, and it takes long.
        public static let starting = Code(rawValue: "starting")
        /// Someone else's process listens on the socket.
        public static let untrustedPeer = Code(rawValue: "untrusted_peer")
        /// No reply in time. Whether the request took effect is not known.
        public static let timedOut = Code(rawValue: "timed_out")
        /// The connection ended before the reply. Whether the request took effect is not known.
        public static let disconnected = Code(rawValue: "disconnected")
        /// The daemon answered something that is not a reply of this protocol.
        public static let malformedReply = Code(rawValue: "malformed_reply")
        /// The caller's own argument cannot be sent.
        public static let invalidArgument = Code(rawValue: "invalid_argument")
        /// The task that waited was cancelled.
        public static let cancelled = Code(rawValue: "cancelled")
    }

    public let code: Code
    /// For a person, in English, without a final full stop.
    public let message: String
    /// What was behind it, if it was another error.
    public let cause: (any Error)?

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { "\(code): \(message)" }
}
