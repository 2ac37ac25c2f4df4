internal import MemoStore
internal import MemoWire

/// Hands something over to another thread, which alone has it from then on.
struct UnsafeTransfer<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }
}

/// A large line that a worker reads.
///
/// `@unchecked Sendable` because the loop touches neither the batch nor the connection's input until it is done.
final class LineWork: @unchecked Sendable {
    let id: ConnectionID
    private let batch: RequestBatch
    /// Whose input the line is in, which stays as long as this.
    private let connection: Connection
    private let lineLimit: Int
    /// At the daemon's end it is the daemon who reads no more: the line may have been cut off.
    private let isLast: Bool

    init(batch: RequestBatch, connection: Connection, lineLimit: Int, isLast: Bool) {
        id = connection.id
        self.batch = batch
        self.connection = connection
        self.lineLimit = lineLimit
        self.isLast = isLast
    }

    func run(_ executor: any RequestExecutor) {
        do throws(WireError) {
            try batch.parser.parse(
                batch.line, limits: WireLimits(lineBytes: lineLimit), into: &batch.requests.next)
            batch.requests.addNext()
            executor.prepare(batch)
        } catch {
            batch.requests.append(failure: isLast ? .shuttingDown : error)
        }
    }
}
