internal import MemoStore
internal import MemoWire

struct GetManyProgress: ~Copyable {
    /// How many of the keys were looked up.
    var position = 0
    /// Their results, as the reply has them.
    var results = ByteBuffer()
    /// What these will take, about: counted as the connection's from the beginning.
    var bytes = 0
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
        _ core: inout StoreCore, _ request: Request, _ range: Range<Int>, _ remote: Bool,
        _ parser: borrowing RequestParser,
        _ context: inout Context
    ) -> Step {
        let connection = context.connection
        var progress = connection.takeProgress().getMany()
        guard let function = intern(&core, request, context) else { return .done }
        if remote, progress.position == 0, context.remote == .notYet, core.isShared(function),
            askRemote(&core, function, parser.keys[range], &context)
        {
            return .suspended
        }
        countRemote(&core, function, parser.keys[range], &context)
        if progress.position == 0, progress.bytes == 0 {
            progress.bytes = size(of: parser.keys[range], &core, function)
            if refusesReply(of: progress.bytes, request, context) { return .done }
        }
        while progress.position < range.count {
            if progress.position > 0, mustYield(core, context) {
                return yields(.getMany(progress), context)
            }
            let keys = parser.keys[(range.lowerBound + progress.position)..<range.upperBound]
            let key = bytes(keys[keys.startIndex], core, function)
            let outcome = core.get(
                function, key, hash: core.hash(function, key), loadedRows: context.loadedRows, lease: nil,
                early: nil)
            core.work.spend(1)
            core.work.spend(bytes: key.count)
            if case .cold = outcome {
                let step = suspend(reading: cold(keys, core, function, context), request, &context)
                return connection.keep(.getMany(progress), after: step)
            }
            progress.results.append(progress.position == 0 ? "{" : ",{")
            if case .hit(let hit) = outcome {
                publish(hit, of: function, &core, context.connection)
                progress.results.append("\"hit\":true,\"value\":")
                progress.results.append(hit.value)
                core.work.spend(bytes: hit.value.count)
                if hit.stale { progress.results.append(",\"stale\":true") }
                // Values may have grown since.
                if progress.results.count > progress.bytes + Self.growthMax,
                    refusesReply(of: progress.results.count, request, context)
                {
                    return .done
                }
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
        append(progress.results, &context)
        connection.output.append("]")
        ReplyWriter.end(into: &connection.output)
        return .done
    }

    /// What the values of keys take, about.
    private func size(of keys: ArraySlice<CanonicalKey>, _ core: inout StoreCore, _ function: FunctionSlot)
        -> Int
    {
        var size = 0
        for key in keys {
            let key = bytes(key, core, function)
            core.work.spend(bytes: key.count)
            size += core.size(function, hash: core.hash(function, key))
        }
        core.work.spend(keys.count / 4)
        return min(size, Self.resultBytesMax)
    }

    private static let growthMax = 1 << 20

    /// The rows that the first of some keys need, to be read together.
    func cold(
        _ keys: some Collection<CanonicalKey>, _ core: borrowing StoreCore, _ function: FunctionSlot,
        _ context: Context
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
