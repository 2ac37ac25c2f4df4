internal import MemoStore
internal import MemoWire

extension Dispatcher {
    func define(
        _ core: inout StoreCore, _ request: Request, _ fields: ProfileFields, _ context: Context
    ) -> Step {
        let connection = context.connection
        // What was defined is not defined again when the request only waits.
        let isApplied = connection.takeProgress().isBegun
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
            change.remote = fields.remote.map {
                switch $0 {
                case .on: .on
                case .off: .off
                case .readOnly: .readOnly
                case .byPattern: .byPattern
                }
            }
            change.isCoherent = fields.coherent
            change.leasesRemotely = fields.remoteLease
            let before = core.info(function).row
            core.define(function, change)
            let row = core.info(function).row
            if row.typed != before.typed || row.persists != before.persists {
                publishClear(row, connection)
            }
        }
        if core.isResizing(function) {
            core.waitForResize(connection.id)
            return connection.keep(.define, after: .suspended)
        }
        let info = core.info(function)
        ReplyWriter.begin(request.id, into: &context.connection.output)
        appendProfile(info, to: &context.connection.output)
        appendRegion(function, &core, context.connection)
        ReplyWriter.end(into: &context.connection.output)
        gate(&core, request, context)
        return .done
    }

    func appendProfile(_ info: FunctionInfo, to output: inout ByteBuffer) {
        ReplyWriter.field("fn", string: info.row.name, into: &output)
        ReplyWriter.field("maxsize", optional: info.row.maxsize, into: &output)
        ReplyWriter.field("ttl_ms", optional: info.row.ttlMs, into: &output)
        ReplyWriter.field("stale_ms", optional: info.row.staleMs, into: &output)
        ReplyWriter.field("typed", info.row.typed, into: &output)
        ReplyWriter.field("persist", info.row.persists, into: &output)
        ReplyWriter.field("max_bytes", optional: info.row.maxBytes, into: &output)
        guard remoteLink != nil || info.remote != .byPattern || info.isCoherent || info.leasesRemotely else {
            return
        }
        ReplyWriter.beginField("remote", into: &output)
        output.append(info.remote.text)
        ReplyWriter.field("coherent", info.isCoherent, into: &output)
        ReplyWriter.field("remote_lease", info.leasesRemotely, into: &output)
    }
}

extension RemoteSetting {
    /// As JSON.
    fileprivate var text: StaticString {
        switch self {
        case .byPattern: "null"
        case .on: "true"
        case .off: "false"
        case .readOnly: "\"read\""
        }
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
