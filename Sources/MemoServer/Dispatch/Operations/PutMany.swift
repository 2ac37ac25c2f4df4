internal import MemoStore
internal import MemoWire

struct PutManyProgress {
    /// How many of the entries were tried.
    var position = 0
    var stored = 0
    /// One that was stored is to be durable.
    var isDurable = false
}

extension Progress {
    fileprivate consuming func putMany() -> PutManyProgress {
        switch consume self {
        case .putMany(let progress): progress
        default: PutManyProgress()
        }
    }
}

extension Dispatcher {
    func putMany(
        _ core: inout StoreCore, _ request: Request, _ range: Range<Int>, _ parser: borrowing RequestParser,
        _ context: inout Context
    ) -> Step {
        let connection = context.connection
        var progress = connection.takeProgress().putMany()
        guard let function = intern(&core, request, context).map({ core.keyFunction($0) }) else {
            return .done
        }
        // Once it has begun, it goes to its end: its entries are committed together.
        if progress.position == 0,
            let step = waitsForRoom(&core, request, adding: bytes(of: parser.entries[range]), context)
        {
            return connection.keep(.putMany(progress), after: step)
        }
        while progress.position < range.count {
            if progress.position > 0, mustYield(core, context) {
                core.holdCommit(for: connection.id)
                return yields(.putMany(progress), context)
            }
            let entries = range.lowerBound + progress.position..<range.upperBound
            let probe = core.probe(
                function, parser.entries[entries.lowerBound].key.bytes(isTyped: function.isTyped))
            let outcome = store(&core, request, probe, entries.lowerBound, parser, context)
            switch outcome {
            case .cold:
                core.holdCommit(for: connection.id)
                let step = suspend(
                    reading: cold(parser.entries[entries].lazy.map(\.key), core, function.slot, context),
                    request, &context)
                if step == .done { core.releaseCommit(for: connection.id) }
                return connection.keep(.putMany(progress), after: step)
            case .stored:
                progress.stored += 1
                if parser.entries[entries.lowerBound].durable { progress.isDurable = true }
            case .noMemory, .tooManyTags:
                core.releaseCommit(for: connection.id)
                fail(request, .busy, "\(outcome.shortage); \(progress.stored) were stored", context)
                return .done
            default: break
            }
            progress.position += 1
        }
        core.releaseCommit(for: connection.id)
        // The disk may have come back while it waited, and some of it be only in memory yet.
        if progress.isDurable, let why = core.heldInMemory {
            fail(request, .storage, "stored only in memory: \(why)", context)
        } else {
            ReplyWriter.begin(request.id, into: &connection.output)
            ReplyWriter.field("stored", progress.stored, into: &connection.output)
            if core.degraded != nil { ReplyWriter.field("degraded", true, into: &connection.output) }
            ReplyWriter.end(into: &connection.output)
            if progress.isDurable { gate(&core, request, context) }
        }
        return .done
    }

    private func bytes(of entries: some Sequence<PutFields>) -> Int {
        entries.reduce(0) { $0 + $1.key.bytes.count + $1.value.count }
    }
}
