internal import MemoStore
internal import MemoWire

extension Dispatcher {
    func info(_ core: inout StoreCore, _ request: Request, _ context: Context) {
        let owner = owner(request, context.connection)
        let found = core.function(owner: owner, name: request.function).map { core.info($0) }
        let name = String(decoding: request.function, as: UTF8.self)
        let info = found ?? FunctionInfo(row: FunctionRow(id: 0, owner: owner, name: name))
        ReplyWriter.begin(request.id, into: &context.connection.output)
        append(info, isAdministrator: false, to: &context.connection.output)
        ReplyWriter.end(into: &context.connection.output)
    }

    func append(_ info: FunctionInfo, isAdministrator: Bool, to output: inout ByteBuffer) {
        appendProfile(info, to: &output)
        if isAdministrator, info.row.owner != FunctionRow.everyone {
            ReplyWriter.field("uid", info.row.owner, into: &output)
        }
        ReplyWriter.field("currsize", info.currsize, into: &output)
        ReplyWriter.field("bytes", info.bytes, into: &output)
        ReplyWriter.field("hits", info.row.hits, into: &output)
        ReplyWriter.field("misses", info.row.misses, into: &output)
        ReplyWriter.field("saved_ms", info.row.savedMs, into: &output)
        ReplyWriter.field("evictions", info.row.evictions, into: &output)
        ReplyWriter.field("expirations", info.row.expirations, into: &output)
    }
}
