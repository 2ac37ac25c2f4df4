internal import MemoStore
internal import MemoWire

/// `why` of what other machines have.
extension Dispatcher {
    /// How long someone who wants to know waits for the servers.
    private static let inspectionMs: Int64 = 2000

    /// - Returns: what they have; `nil` if the request waits for it.
    func inspectRemote(
        _ core: inout StoreCore, _ request: Request, _ key: CanonicalKey, _ context: inout Context
    ) -> RemoteWhereabouts? {
        let connection = context.connection
        if case .why(let known) = connection.takeProgress() { return known }
        if context.remote == .answered {
            context.remote = .over
            return context.remoteLookup.map { core.takeInspection($0) } ?? .unreachable
        }
        let owner = owner(request, connection)
        guard owner == FunctionRow.everyone else { return .off }
        let isTyped = core.function(owner: owner, name: request.function).map { core.isTyped($0) } ?? false
        switch core.inspectRemote(
            function: request.function, key: key.bytes(isTyped: isTyped), for: connection.id)
        {
        case .known(let known): return known
        case .asked(let lookup):
            wait(for: lookup, keys: [], budgetMs: Self.inspectionMs, context)
            return nil
        }
    }

    func append(_ found: RemoteWhereabouts, to output: inout ByteBuffer) {
        ReplyWriter.beginField("remote", into: &output)
        output.append("{\"state\":\"")
        switch found {
        case .off: output.append("off\"")
        case .unreachable: output.append("unreachable\"")
        case .absent: output.append("absent\"")
        case .deleted: output.append("deleted\"")
        case .unreadable: output.append("unreadable\"")
        case .outdated(let entry):
            output.append("outdated\"")
            append(entry, to: &output)
        case .present(let entry):
            output.append("present\"")
            append(entry, to: &output)
        }
        output.append("}")
    }

    private func append(_ entry: RemoteEntry, to output: inout ByteBuffer) {
        ReplyWriter.field("bytes", entry.bytes, into: &output)
        ReplyWriter.field("ttl_ms", optional: entry.ttlMs, into: &output)
        ReplyWriter.field("stale_ms", entry.staleMs, into: &output)
        ReplyWriter.field("cost_ms", entry.costMs, into: &output)
    }
}
