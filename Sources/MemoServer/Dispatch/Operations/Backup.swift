internal import MemoStore
internal import MemoWire
internal import Platform

extension Dispatcher {
    // MARK: backup

    func backup(
        _ core: inout StoreCore, _ request: Request, _ path: Bytes, _ context: Context
    ) -> Step {
        let connection = context.connection
        guard connection.isAdministrator else {
            fail(request, .forbidden, "only administrators may have a backup written", context)
            return .done
        }
        if let outcome = connection.resumption as? BackupOutcome {
            if let error = outcome.error {
                fail(request, .storage, error, context)
            } else {
                ReplyWriter.succeed(request.id, into: &connection.output)
            }
            connection.state.progress = .none
            return .done
        }
        if connection.stateIfAny?.progress.isBegun == true { return .suspended }
        let id = connection.id
        let path = String(decoding: path, as: UTF8.self)
        do throws(SystemError) {
            try backups.run { [store, loops] in
                var failure: String?
                do throws(ColdError) {
                    try store.backup(to: path)
                } catch {
                    failure = error.message
                }
                loops.post(id, .resume(BackupOutcome(error: failure)))
            }
        } catch {
            fail(request, .busy, "no thread to write the backup on: \(error)", context)
            return .done
        }
        return connection.keep(.backup, after: .suspended)
    }
}

final class BackupOutcome: Sendable {
    let error: String?
    init(error: String?) { self.error = error }
}
