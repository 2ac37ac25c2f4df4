/// Why a line is not a request: an error reply's content.
///
/// `@unchecked Sendable` because `id` is a view that nothing writes to while the line it points into
/// lives, and an error does not outlive its line.
public struct WireError: Error, @unchecked Sendable {
    public var code: ErrorCode
    /// For people: what is wrong, and what would be right.
    public var message: String
    /// The request's `id` as it was sent, if it had one that could be read.
    public var id: Bytes?

    public init(code: ErrorCode, message: String, id: Bytes? = nil) {
        self.code = code
        self.message = message
        self.id = id
    }

    /// The answer to a line whose end was not read any more.
    public static let shuttingDown = WireError(
        code: .shuttingDown,
        message: "the daemon is ending, and had not received the whole line; send it again")

    /// The answer to a line over the limit.
    public static func lineTooLong(limit: Int) -> WireError {
        WireError(code: .tooLarge, message: "the line is longer than \(limit) bytes")
    }
}
