internal import RemoteLink
internal import RemoteTier

/// Epochs that are read again and again.
struct EpochWatch {
    /// Of the request for them, and of each answer.
    let id: UInt64
    let count: Int
    let command: RespCommand

    init(id: UInt64, fields: [EpochField], names: EntryNames) {
        self.id = id
        count = fields.count
        command = RespCommand(name: "HMGET", arguments: [names.epochs] + fields.map(\.bytes))
    }

    /// What memod is told; `nil`: it was no answer to this.
    func answer(_ reply: RedisReply) -> LinkReply? {
        guard case .success(let value) = reply, let elements = value.elements, elements.count == count else {
            return nil
        }
        return .epochs(id: id, elements.map(\.epoch))
    }
}
