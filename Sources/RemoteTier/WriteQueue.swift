package import RemoteLink

/// Puts that wait to be sent: the newest of each key, bounded in number, bytes and age.
package struct WriteQueue: Sendable {
    package static let countMax = 10_000
    package static let ageMaxMs: Int64 = 60_000

    private struct Key: Hashable {
        var function: [UInt8]
        var key: [UInt8]
    }

    package struct Waiting: Sendable {
        package var put: LinkRequest.Put
        /// When it came, in ms since boot.
        package var since: Int64
        fileprivate var number: UInt64
    }

    private var waiting: [Key: Waiting] = [:]
    /// In the order in which they came; those that were replaced meanwhile have another number.
    private var order: [(key: Key, number: UInt64)] = []
    private var head = 0
    /// Those whose server is not there, which the others do not wait for.
    private var parked: [(key: Key, number: UInt64)] = []
    private var next: UInt64 = 0
    package private(set) var bytes = 0
    private let bytesMax: Int
    /// Given up: there was no room, or no connection for too long.
    private var dropped: UInt64 = 0

    package init(bytesMax: Int) { self.bytesMax = bytesMax }

    package var count: Int { waiting.count }
    var orderCount: Int { order.count }
    package var isEmpty: Bool { waiting.isEmpty }

    package mutating func add(_ put: LinkRequest.Put, now: Int64) {
        let key = Key(function: put.function, key: put.key)
        var put = put
        // What is left out ends its lease with the one that is sent.
        if put.lease == 0 { put.lease = waiting[key]?.put.lease ?? 0 }
        remove(key)
        guard waiting.count < Self.countMax, bytes + Self.bytes(put) <= bytesMax else {
            dropped += 1
            return
        }
        next += 1
        waiting[key] = Waiting(put: put, since: now, number: next)
        order.append((key, next))
        if order.count - head > 2 * Self.countMax { forgetReplaced() }
        bytes += Self.bytes(put)
    }

    /// The same key again and again takes no more room.
    private mutating func forgetReplaced() {
        order = order[head...].filter { waiting[$0.key]?.number == $0.number }
        head = 0
    }

    /// How many were given up since the last call.
    package mutating func takeDropped() -> UInt64 {
        defer { dropped = 0 }
        return dropped
    }

    /// The oldest that is still worth sending.
    package mutating func take(now: Int64) -> Waiting? {
        while head < order.count {
            let (key, number) = order[head]
            head += 1
            if head > 1024, head > order.count / 2 {
                order.removeFirst(head)
                head = 0
            }
            guard let found = waiting[key], found.number == number else { continue }
            remove(key)
            if now - found.since > Self.ageMaxMs {
                dropped += 1
                continue
            }
            return found
        }
        return nil
    }

    /// Puts back what was taken, until `unpark`.
    package mutating func park(_ taken: Waiting) {
        let key = Key(function: taken.put.function, key: taken.put.key)
        waiting[key] = taken
        bytes += Self.bytes(taken.put)
        parked.append((key, taken.number))
    }

    package mutating func unpark() {
        guard !parked.isEmpty else { return }
        order.replaceSubrange(..<head, with: parked)
        head = 0
        parked = []
    }

    /// A key was deleted: what was computed before it is of no use.
    package mutating func forget(function: [UInt8], key: [UInt8]) {
        remove(Key(function: function, key: key))
    }

    /// A function was cleared: the same.
    package mutating func forget(function: [UInt8], below epoch: Epoch) {
        forget { $0.function == function && $0.entry.functionEpoch < epoch }
    }

    package mutating func forget(tag: [UInt8], below epoch: Epoch) {
        forget { $0.entry.tags.contains { $0.name == tag && $0.epoch < epoch } }
    }

    package mutating func forget(below namespaceEpoch: Epoch) {
        forget { $0.entry.namespaceEpoch < namespaceEpoch }
    }

    private mutating func forget(where isMeant: (LinkRequest.Put) -> Bool) {
        for (key, found) in waiting where isMeant(found.put) { remove(key) }
    }

    private mutating func remove(_ key: Key) {
        guard let old = waiting.removeValue(forKey: key) else { return }
        bytes -= Self.bytes(old.put)
    }

    private static func bytes(_ put: LinkRequest.Put) -> Int {
        put.entry.value.count + put.key.count + put.function.count + 256
    }
}
