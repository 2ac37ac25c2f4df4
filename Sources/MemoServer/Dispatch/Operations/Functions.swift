internal import MemoStore
internal import MemoWire

struct FunctionsProgress: ~Copyable {
    var page: FunctionPage
    /// All were looked at, and this one is to be written next.
    var next: Int?
    /// Rows as the reply has them.
    var listed = ByteBuffer()

    init(_ page: FunctionPage) { self.page = page }
}

extension Progress {
    fileprivate consuming func functions(_ page: () -> FunctionPage) -> FunctionsProgress {
        switch consume self {
        case .functions(let progress): progress
        default: FunctionsProgress(page())
        }
    }
}

extension Dispatcher {
    func functions(
        _ core: inout StoreCore, _ request: Request, _ limit: Int?, _ after: Bytes?,
        _ pattern: Bytes?, _ context: inout Context
    ) -> Step {
        let connection = context.connection
        let owner = visibleOwner(connection)
        // An administrator meets a name once for each owner.
        let isAmbiguous = owner == nil && settings.isolatesUsers
        var progress = connection.takeProgress().functions {
            FunctionPage(after: after.map { Self.place($0, namesOwner: isAmbiguous) }, limit: limit ?? 100)
        }
        let wanted = pattern.map { String(decoding: $0, as: UTF8.self) }
        // The longer the pattern is, the longer each of them takes.
        let atOnce = max(1, Self.functionsAtOnce / (1 + (wanted?.utf8.count ?? 0)))
        while progress.next == nil {
            var compared = 0
            let isMore = core.scan(&progress.page, functions: atOnce) { info in
                guard owner == nil || isVisible(info.row, to: owner) else { return false }
                guard let wanted else { return true }
                compared += 1 + wanted.utf8.count * info.row.name.utf8.count / Self.comparedAtOnce
                return Pattern.matches(wanted, info.row.name)
            }
            core.work.spend(compared)
            if !isMore {
                progress.page.finish()
                progress.next = progress.page.rows.startIndex
            }
            if mustYield(core, context) { return yields(.functions(progress), context) }
        }
        while let next = progress.next, next < progress.page.rows.endIndex {
            if mustYield(core, context) { return yields(.functions(progress), context) }
            if let info = core.info(progress.page.rows[next]) {
                progress.listed.append(progress.listed.isEmpty ? "{" : ",{")
                ReplyWriter.list(&progress.listed) { append(info, isAdministrator: owner == nil, to: &$0) }
                progress.listed.append("}")
            }
            progress.next = next + 1
            core.work.spend(Self.rowWork)
        }
        if refusesReply(of: progress.listed.count, request, context) { return .done }
        let last = progress.page.hasMore ? progress.page.rows.last : nil
        ReplyWriter.begin(request.id, into: &connection.output)
        connection.output.append(",\"functions\":[")
        append(progress.listed, &context)
        connection.output.append("]")
        if let last {
            ReplyWriter.field(
                "next", string: isAmbiguous ? "\(last.name)\0\(last.owner)" : last.name,
                into: &connection.output)
        } else {
            ReplyWriter.beginField("next", into: &connection.output)
            connection.output.append("null")
        }
        ReplyWriter.end(into: &connection.output)
        return .done
    }

    /// To write a row, in units of work.
    private static let rowWork = 4
    /// Bytes of a pattern times those of a name that a unit of work compares.
    static let comparedAtOnce = 256

    /// Where a page of functions ended: the name, for administrators with the owner behind NUL.
    private static func place(_ after: Bytes, namesOwner: Bool) -> (name: String, owner: Int64?) {
        let text = String(decoding: after, as: UTF8.self)
        guard namesOwner, let end = text.utf8.lastIndex(of: 0), let owner = Int64(text[end...].dropFirst())
        else { return (text, nil) }
        return (String(text[..<end]), owner)
    }
}

extension ReplyWriter {
    /// Writes fields that each begin with a comma as the first ones of an object.
    fileprivate static func list(_ output: inout ByteBuffer, _ fields: (inout ByteBuffer) -> Void) {
        var row = ByteBuffer(capacity: 512)
        fields(&row)
        output.append(Bytes(rebasing: row.bytes.dropFirst()))
    }
}
