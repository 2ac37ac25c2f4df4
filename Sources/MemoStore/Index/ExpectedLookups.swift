internal import CLinux

/// Lookups that are about to come.
///
/// A lookup reads three places that depend on each other, bucket, entry and payload, and with many entries each of them is
/// a cache miss. One after the other they take longer than all the rest of a `get`; those of several lookups overlap.
/// (S. Chen et al., "Improving hash join performance through prefetching", ICDE 2004.)
struct ExpectedLookups: ~Copyable {
    fileprivate struct Lookup {
        var hash: UInt32
        var slot: Slot
    }

    static let capacity = 256
    fileprivate let lookups: UnsafeMutablePointer<Lookup>
    fileprivate var count = 0

    init() {
        lookups = .allocate(capacity: Self.capacity)
    }

    deinit { lookups.deallocate() }
}

extension EntryIndex {
    /// A lookup of this hash is about to come. Beyond the capacity it is forgotten.
    @inline(__always)
    mutating func expect(_ hash: UInt64) {
        guard expected.count < ExpectedLookups.capacity else { return }
        let short = UInt32(truncatingIfNeeded: hash)
        expected.lookups[expected.count] = ExpectedLookups.Lookup(hash: short, slot: Entry.none)
        expected.count += 1
        prefetchFirst(short)
    }

    /// Fetches into the processor's caches what the lookups expected so far will read, and forgets them.
    mutating func fetchExpected() {
        let lookups = UnsafeMutableBufferPointer(start: expected.lookups, count: expected.count)
        expected.count = 0
        for index in lookups.indices {
            lookups[index].slot = first(lookups[index].hash)
            prefetch(lookups[index].slot)
        }
        // Most entries are the first or second of their bucket.
        for _ in 0..<2 {
            for index in lookups.indices {
                let slot = lookups[index].slot
                guard slot != Entry.none, self[slot].hash != lookups[index].hash else { continue }
                lookups[index].slot = self[slot].chain
                prefetch(lookups[index].slot)
            }
        }
        for lookup in lookups where lookup.slot != Entry.none {
            let entry = self[lookup.slot]
            guard entry.hash == lookup.hash, let payload = entry.payload else { continue }
            // The header and the key, and the beginning of a small value.
            for line in 0..<3 { memod_prefetch(payload.address + line * 64) }
        }
    }
}
