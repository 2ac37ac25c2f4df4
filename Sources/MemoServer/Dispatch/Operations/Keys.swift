internal import MemoStore
internal import MemoWire

struct KeysProgress: ~Copyable {
    /// The slot of the index to go on at.
    var slot: UInt32
    var count = 0
    /// The entries listed so far, as the reply has them.
    var listed = ByteBuffer()

    init(slot: UInt32) {
        self.slot = slot
    }
}

extension Progress {
    fileprivate consuming func keys(from start: UInt32) -> KeysProgress {
        switch consume self {
        case .keys(let progress): progress
        default: KeysProgress(slot: start)
        }
    }
}

extension Dispatcher {
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
        var progress = connection.takeProgress().keys(from: start)
        let limit = limit ?? 100
        var next: UInt32?
        // For administrators those of all owners.
        let functions = Set(named(&core, request, connection))
        if !functions.isEmpty {
            var references: [RowReference] = []
            var bytesToRead = 0
            var written = 0
            let slot = progress.slot
            core.work.spend(Self.slotsPerStep / 16)
            next = core.walk(functions, from: slot, slots: Self.slotsPerStep, loadedRows: context.loadedRows)
            {
                entry in
                guard progress.count < limit, progress.listed.count < Self.pageBytesMax,
                    written < Self.writtenAtOnce
                else { return false }
                guard let key = entry.key else {
                    references.append(entry.reference)
                    bytesToRead += entry.bytes
                    return references.count + progress.count < limit && references.count < Self.rowsAtOnce
                        && bytesToRead < Self.pageBytesMax
                }
                guard references.isEmpty else { return true }
                progress.listed.append(progress.count == 0 ? "{\"key\":" : ",{\"key\":")
                progress.listed.append(key)
                written += 1 + key.count / 256
                append(entry, to: &progress.listed)
                progress.listed.append("}")
                progress.count += 1
                progress.slot = entry.reference.slot + 1
                return true
            }
            core.work.spend(4 * written)
            if !references.isEmpty {
                // All of them are listed.
                core.release(context.loadedRows)
                context.loadedRows = []
                let step = suspend(
                    reading: ColdRequest(connection.id, references), peeking: true, request, &context)
                return connection.keep(.keys(progress), after: step)
            }
            if let further = next, progress.count < limit, progress.listed.count < Self.pageBytesMax {
                // More slots to look at: others get their turn first.
                progress.slot = further
                return yields(.keys(progress), context)
            }
        }
        if refusesReply(of: progress.listed.count, request, context) { return .done }
        ReplyWriter.begin(request.id, into: &connection.output)
        connection.output.append(",\"keys\":[")
        append(progress.listed, &context)
        connection.output.append("]")
        if let next {
            ReplyWriter.field("next", string: cipher.text(next), into: &connection.output)
        } else {
            ReplyWriter.beginField("next", into: &connection.output)
            connection.output.append("null")
        }
        ReplyWriter.end(into: &connection.output)
        return .done
    }

    /// Slots of the index looked at, and bytes of keys listed, while the lock is held once.
    private static let slotsPerStep = 1 << 14
    private static let pageBytesMax = 1 << 20
    /// Rows written while the lock is held once, long keys counted more often.
    private static let writtenAtOnce = 256
    /// Rows read from disk at once.
    private static let rowsAtOnce = 64
}
