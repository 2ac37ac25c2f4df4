internal import MemoStore
internal import MemoWire

extension Dispatcher {
    func functions(
        _ core: inout StoreCore, _ request: Request, _ limit: Int?, _ after: Bytes?,
        _ pattern: Bytes?, _ context: Context
    ) {
        let pattern = pattern.map { String(decoding: $0, as: UTF8.self) }
        let owner = visibleOwner(context.connection)
        let (page, hasMore) = core.functions(
            after: after.map { Self.place($0, namesOwner: owner == nil && settings.isolatesUsers) },
            limit: limit ?? 100,
            isMeant: { info in
                (owner == nil || isVisible(info.row, to: owner))
                    && (pattern.map { Pattern.matches($0, info.row.name) } ?? true)
            })
        let bytes = page.reduce(0) { $0 + $1.row.name.utf8.count + Self.functionBytes }
        guard !refusesReply(of: bytes, request, context) else { return }
        ReplyWriter.begin(request.id, into: &context.connection.output)
        context.connection.output.append(",\"functions\":[")
        for (index, info) in page.enumerated() {
            var row = ByteBuffer(capacity: 256)
            append(info, isAdministrator: owner == nil, to: &row)
            context.connection.output.append(index == 0 ? "{" : ",{")
            context.connection.output.append(Bytes(rebasing: row.bytes.dropFirst()))
            context.connection.output.append("}")
        }
        context.connection.output.append("]")
        if hasMore, let last = page.last {
            // An administrator meets a name once for each owner.
            let isAmbiguous = owner == nil && settings.isolatesUsers
            ReplyWriter.field(
                "next", string: isAmbiguous ? "\(last.row.name)\0\(last.row.owner)" : last.row.name,
                into: &context.connection.output)
        } else {
            ReplyWriter.beginField("next", into: &context.connection.output)
            context.connection.output.append("null")
        }
        ReplyWriter.end(into: &context.connection.output)
    }

    /// What a function takes in a reply beside its name, about.
    private static let functionBytes = 256

    /// Where a page of functions ended: the name, for administrators with the owner behind NUL.
    private static func place(_ after: Bytes, namesOwner: Bool) -> (name: String, owner: Int64?) {
        let text = String(decoding: after, as: UTF8.self)
        guard namesOwner, let end = text.utf8.lastIndex(of: 0), let owner = Int64(text[end...].dropFirst())
        else { return (text, nil) }
        return (String(text[..<end]), owner)
    }
}
