internal import Platform

/// Reads the most recently used entries into memory after a start, a few at a time.
final class WarmUp: Sendable {
    /// Stands for a connection in the readers' jobs.
    static let connection = ConnectionID(rawValue: .max)
    private static let readsAtOnce = 64
    /// No entry takes less memory: more of them than there is room for need not be put into their order.
    static let bytesLeast = HotTier.overhead + 32

    private let references = Lock<[RowReference]>([])

    /// - Parameter order: most recently used first.
    func start(_ order: [RowReference]) { references.withLock { $0 = order.reversed() } }

    func next() -> [RowReference] {
        references.withLock { references in
            // Not the slice itself, for whose sake the rest would be copied.
            let next = Array(references.suffix(Self.readsAtOnce).reversed())
            references.removeLast(next.count)
            if references.isEmpty { references = [] }
            return next
        }
    }

    func stop() { references.withLock { $0 = [] } }
}
