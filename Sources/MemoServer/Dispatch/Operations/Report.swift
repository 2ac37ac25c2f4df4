internal import MemoStore
internal import MemoWire

/// What clients say of hits that they served, and of those that they computed again.
extension Dispatcher {
    func report(
        _ core: inout StoreCore, _ request: Request, _ fields: ReportFields,
        _ parser: borrowing RequestParser, _ context: Context
    ) {
        guard let function = intern(&core, request, context) else { return }
        core.report(
            function, hits: fields.hits, savedMs: fields.savedMs, regionHits: fields.regionHits,
            verified: fields.verified, mismatched: fields.mismatched)
        if let position = fields.mismatch {
            let mismatch = parser.mismatches[position]
            core.note(
                MismatchRow(
                    digest: mismatch.digest, kept: mismatch.kept, computed: mismatch.computed,
                    valueBytes: StoreLimits.mismatchValueBytes), function)
        }
        ReplyWriter.succeed(request.id, into: &context.connection.output)
    }
}
