internal import NIOCore
internal import Platform
internal import RemoteLink
internal import RemoteTier

/// Sends puts behind the back of those who put.
final class PutWriter: @unchecked Sendable {  // Touched on its event loop only.
    private let names: EntryNames
    private let envelope: Envelope
    private let script: ScriptRunner
    private let eventLoop: any EventLoop
    private let isUp: () -> Bool
    private let takes: ([UInt8]) -> Bool
    private let refused: (RespError) -> Void
    private(set) var queue: WriteQueue
    private var inFlight = 0
    private var pausedUntilMs: Int64 = 0
    private(set) var counts = LinkReply.Counts()
    var isReadOnly = false

    /// Sent and not answered yet.
    private static let inFlightMax = 64
    /// How long nothing is put after the server said that it is full.
    private static let fullPauseMs: Int64 = 10_000
    /// Entries without an end of their own stay for so long.
    static let ttlMaxMs: Int64 = 30 * 86_400_000

    /// - Parameters:
    ///   - isUp: whether the servers are.
    ///   - takes: whether the server of an entry is.
    ///   - refused: told of what the server does not let us do.
    init(
        names: EntryNames, envelope: Envelope, script: ScriptRunner, queueBytes: Int,
        eventLoop: any EventLoop,
        isUp: @escaping () -> Bool, takes: @escaping ([UInt8]) -> Bool, refused: @escaping (RespError) -> Void
    ) {
        self.names = names
        self.envelope = envelope
        self.script = script
        self.eventLoop = eventLoop
        self.isUp = isUp
        self.takes = takes
        self.refused = refused
        queue = WriteQueue(bytesMax: queueBytes)
    }

    func add(_ put: LinkRequest.Put) {
        guard !isReadOnly else { return }
        queue.add(put, now: BootClock.nowMs)
        pump()
    }

    /// What is known to be outdated is not sent any more.
    func forget(_ subject: LogEvent.Subject) {
        switch subject {
        case .deleted(let function, let key): queue.forget(function: function, key: key)
        case .raised(.function(let name), let epoch): queue.forget(function: name, below: epoch)
        case .raised(.tag(let name), let epoch): queue.forget(tag: name, below: epoch)
        case .raised(.namespace, let epoch): queue.forget(below: epoch)
        }
    }

    /// What was counted until now.
    func takeCounts() -> LinkReply.Counts {
        var taken = counts
        taken.putsDropped += queue.takeDropped()
        taken.queued = UInt64(queue.count)
        counts = LinkReply.Counts()
        return taken
    }

    /// - Parameter anew: whether servers may have come: what waits for one is looked at again.
    func pump(anew: Bool = false) {
        if anew { queue.unpark() }
        let now = BootClock.nowMs
        guard isUp(), !isReadOnly, now >= pausedUntilMs else { return }
        while inFlight < Self.inFlightMax, let waiting = queue.take(now: now) {
            let name = names.value(function: waiting.put.function, key: waiting.put.key)
            if takes(name) { send(waiting, name, now) } else { queue.park(waiting) }
        }
    }

    private func send(_ waiting: WriteQueue.Waiting, _ name: [UInt8], _ now: Int64) {
        let put = waiting.put
        var entry = put.entry
        let waited = max(0, now - waiting.since)
        // Time passed while it waited.
        if let ttl = entry.ttlMs {
            let rest = ttl - waited
            if rest < 0 { entry.graceMs = max(0, entry.graceMs + rest) }
            entry.ttlMs = max(0, rest)
        }
        let life =
            entry.ttlMs.map { min($0 + min(entry.graceMs, Self.ttlMaxMs), Self.ttlMaxMs) } ?? Self.ttlMaxMs
        guard life > 0 else { return }
        let bytes = envelope.encode(entry, function: put.function, key: put.key, name: name)
        inFlight += 1
        let lease = put.lease == 0 ? name : names.lease(function: put.function, key: put.key)
        let arguments = [entry.generation.bytes, life.wire, bytes, put.lease == 0 ? [] : put.lease.wire]
        script.run(keys: [name, lease], arguments: arguments) { [self] reply in
            inFlight -= 1
            switch reply {
            case .success(let value):
                if value.integer == 1 { counts.puts += 1 } else { counts.putsRefused += 1 }
            case .failure(.unavailable): counts.putsDropped += 1
            case .failure(.refused(let error)):
                counts.putsDropped += 1
                if error.code == "OOM" {
                    pausedUntilMs = BootClock.nowMs + Self.fullPauseMs
                    eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Self.fullPauseMs)) {
                        [weak self] in
                        self?.pump()
                    }
                } else {
                    counts.errors += 1
                    refused(error)
                }
            }
            pump()
        }
    }
}
