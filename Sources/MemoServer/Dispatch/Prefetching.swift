internal import Glibc
internal import MemoStore
internal import MemoWire

/// What is done for all the batches of a turn before the first is executed.
extension Dispatcher {
    /// The function that was looked up last: the next request is mostly for the same.
    private struct LastFunction {
        var owner: Int64 = 0
        var name = Bytes(start: nil, count: 0)
        var function: KeyProbe.Function?

        @inline(__always)
        func isNamed(_ other: Bytes, _ owner: Int64) -> Bool {
            owner == self.owner && other.count == name.count && !name.isEmpty
                && memcmp(other.baseAddress!, name.baseAddress!, name.count) == 0
        }
    }

    private static let longKey = 4096

    /// Finds out where the first requests of all the batches will look, and has that memory fetched: the cache
    /// misses of many lookups overlap then.
    @inline(__always)
    func prepare(_ core: inout StoreCore, _ batches: UnsafeBufferPointer<Unmanaged<RequestBatch>>) {
        let each = max(1, StoreCore.expectedMax / batches.count)
        var last = LastFunction()
        for batch in batches {
            batch._withUnsafeGuaranteedRef { batch in
                batch.owner._withUnsafeGuaranteedRef { prepare(&core, batch, $0, each, &last) }
            }
        }
        core.fetchExpected()
    }

    @inline(__always)
    private func prepare(
        _ core: inout StoreCore, _ batch: RequestBatch, _ connection: Connection, _ count: Int,
        _ last: inout LastFunction
    ) {
        for position in batch.next..<min(batch.next &+ count, batch.requests.count) {
            let key: CanonicalKey
            switch batch.requests[position].body {
            case .get(let wanted, _): key = wanted
            case .put(let entry): key = batch.parser.entries[entry].key
            default: continue
            }
            // Hashing a long one takes long: it has to wait for its turn.
            if key.bytes.count > Self.longKey { continue }
            let name = batch.requests[position].function
            let owner = owner(of: name, connection)
            if !last.isNamed(name, owner) {
                let slot = core.function(owner: owner, name: name)
                last = LastFunction(owner: owner, name: name, function: slot.map { core.keyFunction($0) })
            }
            guard let function = last.function else { continue }
            let bytes = key.bytes(isTyped: function.isTyped)
            batch.requests.setProbe(core.prepare(function, bytes), at: position)
        }
    }
}
