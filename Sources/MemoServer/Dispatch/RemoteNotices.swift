internal import MemoStore
internal import MemoWire

extension SubscriptionTable {
    /// Tells subscribers of what other machines cleared and deleted. Called with the store's lock held, so that events come in
    /// the order of the changes.
    func publish(_ notices: [RemoteNotice], areSomeLost: Bool, through loops: EventLoops) {
        guard isWatched else { return }
        if areSomeLost {
            let line = Array("{\"event\":\"lost\"}\n".utf8)
            for subscriber in everybody { loops.post(subscriber, .append(line)) }
        }
        for notice in notices {
            let subscribers = subscribers(function: notice.function, owner: FunctionRow.everyone)
            if subscribers.isEmpty { continue }
            var line = ByteBuffer(capacity: notice.function.count + (notice.key?.count ?? 0) + 96)
            line.append(notice.key == nil ? "{\"event\":\"clear\"" : "{\"event\":\"delete\"")
            notice.function.withUnsafeBytes { ReplyWriter.field("fn", string: $0, into: &line) }
            notice.key?.withUnsafeBytes { ReplyWriter.field("key", json: $0, into: &line) }
            ReplyWriter.field("remote", true, into: &line)
            ReplyWriter.end(into: &line)
            let bytes = Array(line.bytes)
            for subscriber in subscribers { loops.post(subscriber, .append(bytes)) }
        }
    }
}
