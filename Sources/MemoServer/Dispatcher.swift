internal import Logging
public import MemoWire
internal import Synchronization

/// Stand-in for the store: a dictionary.
public final class Dispatcher: RequestExecutor {
    private let entries = Mutex<[UInt64: [UInt8]]>([:])

    init(configuration: ServerConfiguration, loops: EventLoops, logger: Logger) throws {}

    /// Whether the writer makes progress.
    var isProgressing: Bool { true }
    /// Waits are answered from now on.
    func drain() {}
    func close() throws {}
    func reload(_ configuration: ServerConfiguration) {}

    private func hash(_ request: Request, _ key: CanonicalKey) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in request.function { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for byte in key.bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }

    public func execute(
        _ requests: inout [ParsedRequest], from first: Int, batch: borrowing RequestBatch,
        for connection: Connection
    ) -> Int {
        entries.withLock { entries in
            for position in first..<requests.count {
                switch requests[position] {
                case .failure(let error): ReplyWriter.fail(error, into: &connection.output)
                case .request(let request):
                    switch request.body {
                    case .get(let key, _):
                        if let value = entries[hash(request, key)] {
                            value.withUnsafeBytes {
                                ReplyWriter.hit(request.id, value: $0, into: &connection.output)
                            }
                        } else {
                            ReplyWriter.miss(request.id, into: &connection.output)
                        }
                    case .put(let put):
                        entries[hash(request, put.key)] = [UInt8](put.value)
                        ReplyWriter.stored(request.id, into: &connection.output)
                    default: ReplyWriter.succeed(request.id, into: &connection.output)
                    }
                }
                if connection.isOutputFull { return position + 1 - first }
            }
            return requests.count - first
        }
    }

    public func inputEnded(_ connection: Connection) {}
    public func closed(_ connection: Connection) {}
}
