internal import MemoStore
internal import MemoWire

extension Dispatcher {
    /// An administrator without a function of this name is told of everyone's: their sums, and the settings of the newest.
    /// - Parameter mismatches: whether what differed is listed.
    func info(
        _ core: inout StoreCore, _ request: Request, listing mismatches: Bool, _ context: Context
    ) {
        let owner = owner(request, context.connection)
        let function = core.function(owner: owner, name: request.function)
        let functions = function.map { [$0] } ?? named(&core, request, context.connection)
        var infos: [FunctionInfo] = []
        for function in functions {
            core.takeRegionHits(of: function)
            infos.append(core.info(function))
        }
        infos.sort { $0.row.id.rawValue > $1.row.id.rawValue }
        let name = String(decoding: request.function, as: UTF8.self)
        var info = infos.first ?? FunctionInfo(row: FunctionRow(id: .none, owner: owner, name: name))
        for other in infos.dropFirst() { info.add(other) }
        ReplyWriter.begin(request.id, into: &context.connection.output)
        append(info, isAdministrator: false, to: &context.connection.output)
        if mismatches {
            append(functions.flatMap { core.mismatches(of: $0) }, to: &context.connection.output)
        }
        if let function { appendRegion(function, &core, context.connection) }
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
        ReplyWriter.field("verified", info.row.verified, into: &output)
        ReplyWriter.field("mismatched", info.row.mismatched, into: &output)
        ReplyWriter.field("remote_hits", info.remoteHits, into: &output)
        ReplyWriter.field("remote_misses", info.remoteMisses, into: &output)
    }

    /// The `mismatches` of an `info`, newest first.
    func append(_ rows: [MismatchRow], to output: inout ByteBuffer) {
        ReplyWriter.beginField("mismatches", into: &output)
        output.append("[")
        for (index, row) in rows.enumerated() {
            if index > 0 { output.append(",") }
            output.append("{\"at\":")
            output.append(decimal: row.at)
            ReplyWriter.field("digest", string: row.digest, into: &output)
            ReplyWriter.field("kept", string: row.kept, into: &output)
            ReplyWriter.field("computed", string: row.computed, into: &output)
            output.append("}")
        }
        output.append("]")
    }
}
