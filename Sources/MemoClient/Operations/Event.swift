/// What happened to an entry, for those who subscribed.
public struct Event: Sendable {
    /// Kinds of events; `lost` says that some were dropped because they were not read in time.
    public enum Kind: String, Sendable { case delete, put, clear, lost }

    public let kind: Kind
    /// The function; `nil` for `lost`.
    public let function: String?
    /// The entry's key; `nil` for `clear` and `lost`.
    public let key: JSONText?
    /// The name of the client that did it, if it has one.
    public let client: String?
    public let reply: Reply

    static let lost = (try? Reply(line: Array("{\"event\":\"lost\"}".utf8))).flatMap { Event($0) }

    /// `nil`: a kind that this client does not know, to be ignored.
    init?(_ reply: Reply) {
        guard let kind = reply.string("event").flatMap(Kind.init) else { return nil }
        self.kind = kind
        function = reply.string("fn")
        key = reply["key"]
        client = reply.string("client")
        self.reply = reply
    }
}
