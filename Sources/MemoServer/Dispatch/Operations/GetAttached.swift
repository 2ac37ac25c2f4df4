internal import MemoStore
internal import MemoWire

extension Dispatcher {
    /// Values of this size and more are sent without being copied first, if that is possible.
    static let attachedBytes = 16 << 10

    /// Answers a batch's last request with a value that is sent from where it is.
    /// - Returns: false if replies before it may not be sent yet.
    @inline(never)
    func attach(_ hit: Hit, _ batch: RequestBatch, _ index: Int, _ connection: Connection) -> Bool {
        guard index == batch.requests.count - 1, connection.mayAttach else { return false }
        ReplyWriter.begin(batch.requests[index].id, into: &connection.output)
        connection.output.append(",\"hit\":true,\"value\":")
        let held = hit.held(mayLend: PagePipe.isOfUse)
        connection.attachment = Connection.Attachment(
            value: held.bytes, lentPages: held.lentPages, position: connection.output.count,
            release: { [store] in store.perform { $0.release(held) } })
        ReplyWriter.end(into: &connection.output)
        return true
    }
}
