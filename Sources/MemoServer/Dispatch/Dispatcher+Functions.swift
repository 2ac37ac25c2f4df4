internal import MemoStore
internal import MemoWire
internal import Platform

extension Dispatcher {
    func define(
        _ core: inout StoreCore, _ request: Request, _ fields: ProfileFields, _ context: Context
    ) -> Step {
        let connection = context.connection
        // What was defined is not defined again where the request only waits.
        let isApplied = connection.stateIfAny?.isApplied == true
        if !isApplied, let step = refusesChange(core, request, context) { return step }
        guard let function = intern(&core, request, context) else { return .done }
        if !isApplied {
            var change = ProfileChange()
            change.maxsize = fields.maxsize.change
            change.ttlMs = fields.ttl.change
            change.staleMs = fields.staleMs.change
            change.typed = fields.typed
            change.persists = fields.persist
            change.maxBytes = fields.maxBytes.change
            let before = core.info(function).row
            core.define(function, change)
            let row = core.info(function).row
            if row.typed != before.typed || (before.persists && !row.persists) {
                publishClear(row, connection)
            }
        }
        if core.isResizing(function) {
            connection.state.isApplied = true
            core.waitForResize(connection.id.rawValue)
            return .suspended
        }
        connection.stateIfAny?.isApplied = false
        let info = core.info(function)
        ReplyWriter.begin(request.id, into: &context.connection.output)
        appendProfile(info, to: &context.connection.output)
        ReplyWriter.end(into: &context.connection.output)
        gate(&core, request, context)
        return .done
    }

    func info(_ core: inout StoreCore, _ request: Request, _ context: Context) {
        let owner = owner(request, context.connection)
        let found = core.function(owner: owner, name: request.function).map { core.info($0) }
        let name = String(decoding: request.function, as: UTF8.self)
        let info = found ?? FunctionInfo(row: FunctionRow(id: 0, owner: owner, name: name))
        ReplyWriter.begin(request.id, into: &context.connection.output)
        append(info, isAdministrator: false, to: &context.connection.output)
        ReplyWriter.end(into: &context.connection.output)
    }

    private func appendProfile(_ info: FunctionInfo, to output: inout ByteBuffer) {
        ReplyWriter.field("fn", string: info.row.name, into: &output)
        ReplyWriter.field("maxsize", optional: info.row.maxsize, into: &output)
        ReplyWriter.field("ttl_ms", optional: info.row.ttlMs, into: &output)
        ReplyWriter.field("stale_ms", optional: info.row.staleMs, into: &output)
        ReplyWriter.field("typed", info.row.typed, into: &output)
        ReplyWriter.field("persist", info.row.persists, into: &output)
        ReplyWriter.field("max_bytes", optional: info.row.maxBytes, into: &output)
    }

    private func append(_ info: FunctionInfo, isAdministrator: Bool, to output: inout ByteBuffer) {
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

    func report(
        _ core: inout StoreCore, _ request: Request, hits: Int64, savedMs: Int64, _ context: Context
    ) {
        guard let function = intern(&core, request, context) else { return }
        core.report(function, hits: hits, savedMs: savedMs)
        ReplyWriter.succeed(request.id, into: &context.connection.output)
    }

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

    /// The functions whose entries `keys` lists: for administrators those of all owners.
    private func listed(_ core: borrowing StoreCore, _ request: Request, _ connection: Connection) -> Set<
        UInt32
    > {
        guard settings.isolatesUsers, connection.isAdministrator else {
            return core.function(owner: owner(request, connection), name: request.function).map { [$0] } ?? []
        }
        return Set(
            core.places(owner: nil).filter { core.info($0).row.name.utf8.elementsEqual(request.function) })
    }

    /// Slots of the directory looked at, and bytes of keys listed, while the lock is held once.
    private static let slotsPerStep = 1 << 18
    private static let pageBytesMax = 1 << 20

    func keys(
        _ core: inout StoreCore, _ request: Request, _ limit: Int?, _ after: Bytes?, _ context: inout Context
    ) -> Step {
        let connection = context.connection
        let cipher = cursorCipher(connection)
        guard let start = after.map({ cipher.slot(String(decoding: $0, as: UTF8.self)) }) ?? 0 else {
            fail(
                request, .badRequest, "field \"after\" of keys is not what an earlier \"next\" said", context)
            return .done
        }
        let state = connection.state
        var next: UInt32?
        let functions = listed(core, request, connection)
        if !functions.isEmpty {
            let limit = limit ?? 100
            let from = state.sequence == 0 ? start : UInt32(state.sequence - 1)
            var references: [RowReference] = []
            var bytesToRead = 0
            next = core.walk(functions, from: from, slots: Self.slotsPerStep, loadedRows: context.loadedRows)
            {
                entry in
                guard state.count < limit, state.partial.count < Self.pageBytesMax else { return false }
                guard let key = entry.key else {
                    references.append(entry.reference)
                    bytesToRead += entry.bytes
                    return references.count + state.count < limit && references.count < 64
                        && bytesToRead < Self.pageBytesMax
                }
                guard references.isEmpty else { return true }
                state.partial.append(state.count == 0 ? "{\"key\":" : ",{\"key\":")
                state.partial.append(key)
                append(entry, to: &state.partial)
                state.partial.append("}")
                state.count += 1
                state.sequence = UInt64(entry.reference.slot) + 2
                return true
            }
            if !references.isEmpty {
                if state.sequence == 0 { state.sequence = UInt64(start) + 1 }
                // All of them are listed.
                core.release(context.loadedRows)
                context.loadedRows = []
                return suspend(reading: .several(references), peeking: true, request, &context)
            }
            if let further = next, state.count < limit, state.partial.count < Self.pageBytesMax {
                // More slots to look at: others get their turn first.
                state.sequence = UInt64(further) + 1
                connection.deadline = BootClock.nowMs
                return .suspended
            }
        }
        if refusesReply(of: state.partial.count, request, context) {
            state.reset()
            return .done
        }
        ReplyWriter.begin(request.id, into: &connection.output)
        connection.output.append(",\"keys\":[")
        connection.output.append(state.partial.bytes)
        connection.output.append("]")
        if let next {
            ReplyWriter.field("next", string: cipher.text(next), into: &connection.output)
        } else {
            ReplyWriter.beginField("next", into: &connection.output)
            connection.output.append("null")
        }
        ReplyWriter.end(into: &connection.output)
        state.reset()
        return .done
    }
}

extension Setting {
    /// As a change: `nil` leaves it as it is.
    var change: Int64?? {
        switch self {
        case .absent: nil
        case .null: .some(nil)
        case .value(let value): .some(value)
        }
    }
}
