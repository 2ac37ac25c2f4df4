internal import MemoStore
internal import MemoWire

extension Dispatcher {
    func report(
        _ core: inout StoreCore, _ request: Request, hits: Int64, savedMs: Int64, _ context: Context
    ) {
        guard let function = intern(&core, request, context) else { return }
        core.report(function, hits: hits, savedMs: savedMs)
        ReplyWriter.succeed(request.id, into: &context.connection.output)
    }
}
