internal import MemoStore
internal import MemoWire

extension Dispatcher {
    func sync(_ core: inout StoreCore, _ request: Request, _ context: Context) {
        if let reason = core.heldInMemory {
            fail(request, .storage, "not everything is in the database: \(reason)", context)
        } else {
            ReplyWriter.succeed(request.id, into: &context.connection.output)
            gate(&core, request, context)
        }
    }
}
