internal import Synchronization

/// The caretaker's thread.
extension Store {
    private static let idleMs: Int64 = 500
    private static let leaseMs: Int64 = 20

    func takeCare() {
        startWarmUp()
        var lastFlush = clock.now()
        while !isClosing.load(ordering: .acquiring) {
            var hasMore = false
            var nextLease = Int64.max
            let now = clock.now()
            let flushes = now - lastFlush >= Self.idleMs
            if flushes { lastFlush = now }
            perform { core in
                core.needsCare = false
                hasMore = core.sweep()
                if flushes {
                    core.flushCounters()
                    core.compactJournal()
                }
                nextLease = core.leases.nextEnd
            }
            if flushes, !database.isStillThere() { databaseLost(.corrupt) }
            // Others get the lock between two pieces.
            let untilLease = max(1, min(nextLease == .max ? Self.idleMs : nextLease - now, Self.idleMs))
            caretakerSignal.wait(ms: hasMore ? 1 : nextLease == .max ? Self.idleMs : untilLease)
        }
    }

    /// The database is damaged, or somebody removed or replaced it: what is written there would be lost without
    /// notice. The writer begins a new one.
    func databaseLost(_ failure: ColdFailure) {
        core.withLock { core in
            guard core.failedBatch == nil, !core.needsRecovery else { return }
            core.needsRecovery = true
            core.lastFailure = failure
        }
        writerSignal.notify()
    }
}

/// Reads the most recently used entries into memory after a start, a few at a time.
final class WarmUp: Sendable {
    /// Stands for a connection in the readers' jobs.
    static let connection: ConnectionID = .max
    private static let readsAtOnce = 64
    private let tickets = Mutex<[ColdTicket]>([])

    /// - Parameter order: most recently used first.
    func start(_ order: [ColdTicket]) { tickets.withLock { $0 = order.reversed() } }

    func next() -> [ColdTicket] {
        tickets.withLock { tickets in
            let next = tickets.suffix(Self.readsAtOnce)
            tickets.removeLast(next.count)
            if tickets.isEmpty { tickets = [] }
            return next.reversed()
        }
    }

    func stop() { tickets.withLock { $0 = [] } }
}

extension Store {
    func startWarmUp() {
        let order = core.withLock { $0.warmUpOrder() }
        warmUp.start(order)
        continueWarmUp()
    }

    private func continueWarmUp() {
        guard !isClosing.load(ordering: .acquiring) else { return }
        let tickets = warmUp.next()
        if !tickets.isEmpty { _ = read(tickets, for: WarmUp.connection) }
    }

    func warmedUp(_ read: ColdRead) {
        var hasRoom = false
        perform { core in
            hasRoom = core.hasRoomToWarm
            if hasRoom { core.adopt(read.faults) }
            for ticket in read.lost { core.dropDamaged(ticket) }
            core.release(read.faults)
        }
        if hasRoom { continueWarmUp() } else { warmUp.stop() }
    }
}
