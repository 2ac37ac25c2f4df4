internal import MemoStore
internal import MemoWire

struct GetManyProgress: ~Copyable {
    /// How many of the keys were looked up.
    var position = 0
    /// Their results, as the reply has them.
    var results = ByteBuffer()
}

extension Progress {
    fileprivate consuming func getMany() -> GetManyProgress {
        switch consume self {
        case .getMany(let progress): progress
        default: GetManyProgress()
        }
    }
}

extension Dispatcher {
    func getMany(
        _ core: inout StoreCore, _ request: Request, _ range: Range<Int>, _ parser: borrowing RequestParser,
        _ context: inout Context
    ) -> Step {
        let connection = context.connection
        var progress = connection.takeProgress().getMany()
        guard let function = intern(&core, request, context) else { return .done }
        while progress.position < range.count {
            let keys = parser.keys[(range.lowerBound + progress.position)..<range.upperBound]
            let key = bytes(keys[keys.startIndex], core, function)
            let outcome = core.get(
                function, key, hash: core.hash(function, key), loadedRows: context.loadedRows, lease: nil,
                early: nil)
            if case .cold = outcome {
                let step = suspend(reading: cold(keys, core, function, context), request, &context)
                return connection.keep(.getMany(progress), after: step)
            }
            progress.results.append(progress.position == 0 ? "{" : ",{")
            if case .hit(let hit) = outcome {
                publish(hit, of: function, &core, context.connection)
                progress.results.append("\"hit\":true,\"value\":")
                progress.results.append(hit.value)
                if hit.stale { progress.results.append(",\"stale\":true") }
                if refusesReply(of: progress.results.count, request, context) { return .done }
                if progress.results.count > Self.resultBytesMax {
                    fail(
                        request, .tooLarge,
                        "the values of these keys are more than \(Self.resultBytesMax >> 20) MiB together; ask for fewer at once",
                        context)
                    return .done
                }
            } else {
                progress.results.append("\"hit\":false")
            }
            progress.results.append(UInt8(ascii: "}"))
            progress.position += 1
        }
        ReplyWriter.begin(request.id, into: &connection.output)
        connection.output.append(",\"results\":[")
        connection.output.append(progress.results.bytes)
        connection.output.append("]")
        ReplyWriter.end(into: &connection.output)
        return .done
    }

    /// The rows that the first of some keys need, to be read together.
    private func cold(
        _ keys: ArraySlice<CanonicalKey>, _ core: borrowing StoreCore, _ function: UInt32, _ context: Context
    ) -> ColdRequest {
        var references: [RowReference] = []
        var bytesToRead = 0
        for key in keys.prefix(Self.rowsAhead) where bytesToRead < Self.bytesAhead {
            let key = bytes(key, core, function)
            if let reference = core.coldReference(
                function, key, hash: core.hash(function, key), loadedRows: context.loadedRows)
            {
                references.append(reference)
                bytesToRead += core.bytes(of: reference)
            }
        }
        return ColdRequest(context.connection.id, references)
    }

    /// What one reply may hold of values.
    private static let resultBytesMax = 64 << 20
    /// What is read from disk for one at once.
    private static let rowsAhead = 64
    private static let bytesAhead = 4 << 20
}
