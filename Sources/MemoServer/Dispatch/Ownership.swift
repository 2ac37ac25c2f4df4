internal import MemoStore
internal import MemoWire

/// Whose functions a request means, and which ones its sender may see.
extension Dispatcher {
    /// Whose entries a request means.
    @inline(__always)
    func owner(_ request: borrowing Request, _ connection: Connection) -> Int64 {
        owner(of: request.function, connection)
    }

    @inline(__always)
    func owner(of function: Bytes, _ connection: Connection) -> Int64 {
        guard settings.isolatesUsers else { return FunctionRow.everyone }
        if settings.shared.contains(where: { Pattern.matches($0, function) }) {
            return FunctionRow.everyone
        }
        return Int64(connection.uid)
    }

    /// Whose functions a connection may see: its own, or all (`nil`).
    func visibleOwner(_ connection: Connection) -> Int64? {
        settings.isolatesUsers && !connection.isAdministrator ? Int64(connection.uid) : nil
    }

    /// Whether a function is this user's, or everyone's because it is shared. What was stored while there was no
    /// isolation belongs to no one and is seen only by administrators.
    func isVisible(_ row: FunctionRow, to owner: Int64?) -> Bool {
        if row.owner == owner { return true }
        guard row.owner == FunctionRow.everyone else { return false }
        var name = row.name
        return name.withUTF8 { name in
            settings.shared.contains { Pattern.matches($0, Bytes(name)) }
        }
    }

    /// Makes what `keys` says of where to go on. With isolation it must not say how many entries others have.
    func cursorCipher(_ connection: Connection) -> CursorCipher {
        guard let owner = visibleOwner(connection) else { return CursorCipher(key: nil) }
        return CursorCipher(key: (cursorSecret.0, cursorSecret.1 ^ UInt64(bitPattern: owner)))
    }

    /// The request's function. If there are too many, a look-up is a miss, and the rest is answered `busy`.
    @inline(__always)
    func intern(_ core: inout StoreCore, _ request: Request, _ context: Context) -> FunctionSlot? {
        let owner = owner(request, context.connection)
        if let known = core.function(owner: owner, name: request.function) { return known }
        if let new = core.internFunction(owner: owner, name: request.function) { return new }
        refuseFunction(&core, request, owner, context)
        return nil
    }

    @inline(never)
    private func refuseFunction(
        _ core: inout StoreCore, _ request: Request, _ owner: Int64, _ context: Context
    ) {
        switch request.body {
        case .get(_, let fields) where fields.leaseMs == nil:
            core.countMisses(1, ofUnknown: owner)
            ReplyWriter.miss(request.id, into: &context.connection.output)
        case .mget(let keys, _):
            core.countMisses(keys.count, ofUnknown: owner)
            ReplyWriter.begin(request.id, into: &context.connection.output)
            context.connection.output.append(",\"results\":[")
            for position in keys.indices {
                context.connection.output.append(position == keys.startIndex ? "{" : ",{")
                context.connection.output.append("\"hit\":false}")
            }
            context.connection.output.append("]")
            ReplyWriter.end(into: &context.connection.output)
        default:
            fail(request, .busy, "there are too many functions; clear some, or use fewer names", context)
        }
    }

    @inline(__always)
    func bytes(_ key: CanonicalKey, _ core: borrowing StoreCore, _ function: FunctionSlot) -> Bytes {
        key.bytes(isTyped: core.isTyped(function))
    }
}
