/// One operation of the protocol, ready to be sent: the request, and how its reply is read.
///
/// Every client performs calls; the operations are made by the static functions, which take the fields of the
/// protocol and say what comes back.
public struct Call<Result: Sendable>: Sendable {
    /// The request.
    public let request: RequestLine
    /// How long the daemon may take on purpose, beyond the time that any request may take.
    public let patience: Duration
    let decode: @Sendable (Reply) throws(MemoError) -> Result

    init(
        _ request: RequestLine, patience: Duration = .zero,
        decode: @escaping @Sendable (Reply) throws(MemoError) -> Result
    ) {
        self.request = request
        self.patience = patience
        self.decode = decode
    }

    /// Reads a reply to this call.
    /// - Throws: the daemon's error where it answered one, or `malformedReply`.
    public func result(of reply: Reply) throws(MemoError) -> Result {
        if let error = reply.error { throw error }
        return try decode(reply)
    }
}
