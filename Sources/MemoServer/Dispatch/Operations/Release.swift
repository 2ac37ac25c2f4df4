internal import MemoStore
internal import MemoWire

extension Dispatcher {
    func release(
        _ core: inout StoreCore, _ request: Request, _ key: CanonicalKey, _ lease: Bytes, _ context: Context
    ) {
        var released = false
        if let token = LeaseToken(lease),
            let function = core.function(owner: owner(request, context.connection), name: request.function)
        {
            let bytes = bytes(key, core, function)
            released = core.release(
                function, bytes, hash: core.hash(function, bytes), token: token, uid: context.connection.uid)
        }
        ReplyWriter.begin(request.id, into: &context.connection.output)
        ReplyWriter.field("released", released, into: &context.connection.output)
        ReplyWriter.end(into: &context.connection.output)
    }
}

extension LeaseToken {
    /// 32 hexadecimal digits.
    var text: String {
        let digits = String(high, radix: 16)
        let more = String(low, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
            + String(repeating: "0", count: 16 - more.count) + more
    }

    init?(_ text: Bytes) {
        guard text.count == 32, text.allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x66) })
        else {
            return nil
        }
        let digits = String(decoding: text, as: UTF8.self)
        self.init(high: UInt64(digits.prefix(16), radix: 16)!, low: UInt64(digits.suffix(16), radix: 16)!)
    }
}
