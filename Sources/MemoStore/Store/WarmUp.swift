internal import Platform
internal import Synchronization

/// Reads the most recently used entries into memory after a start, a few at a time.
final class WarmUp: Sendable {
    /// Stands for a connection in the readers' jobs.
    static let connection: ConnectionID = .max
    private static let readsAtOnce = 64
    /// No entry takes less memory: more of them than there is room for need not be put into their order.
    static let bytesLeast = HotTier.overhead + 32

    private let tickets = Mutex<[ColdTicket]>([])

    /// - Parameter order: most recently used first.
    func start(_ order: [ColdTicket]) { tickets.withLock { $0 = order.reversed() } }

    func next() -> [ColdTicket] {
        tickets.withLock { tickets in
            // Not the slice itself, for whose sake the rest would be copied.
            let next = Array(tickets.suffix(Self.readsAtOnce).reversed())
            tickets.removeLast(next.count)
            if tickets.isEmpty { tickets = [] }
            return next
        }
    }

    func stop() { tickets.withLock { $0 = [] } }
}
