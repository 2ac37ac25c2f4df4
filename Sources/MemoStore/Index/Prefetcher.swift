internal import CLinux

/// Brings the memory of several lookups into the processor's caches at once.
///
/// A lookup reads three places that depend on each other, bucket, entry and payload, and with many entries each
/// of them is a cache miss. One after the other they take longer than all the rest of a `get`; those of several
/// lookups overlap. (S. Chen et al., "Improving hash join performance through prefetching", ICDE 2004.)
struct Prefetcher: ~Copyable {
    private struct Lookup {
        var hash: UInt32
        var slot: Slot
    }

    static let capacity = 256
    private let lookups: UnsafeMutablePointer<Lookup>
    private var count = 0

    init() {
        lookups = .allocate(capacity: Self.capacity)
    }

    deinit { lookups.deallocate() }

    /// A lookup of this hash is about to come. Beyond the capacity it is forgotten.
    @inline(__always)
    mutating func expect(_ hash: UInt64, in entries: borrowing EntryIndex) {
        guard count < Self.capacity else { return }
        let short = UInt32(truncatingIfNeeded: hash)
        lookups[count] = Lookup(hash: short, slot: Entry.none)
        count += 1
        entries.prefetchFirst(short)
    }

    /// Fetches what the lookups expected so far will read, and forgets them.
    mutating func fetch(from entries: borrowing EntryIndex) {
        for place in 0..<count {
            lookups[place].slot = entries.first(lookups[place].hash)
            entries.prefetch(lookups[place].slot)
        }
        // Most entries are the first or second of their bucket.
        for _ in 0..<2 {
            for place in 0..<count {
                let slot = lookups[place].slot
                guard slot != Entry.none, entries[slot].hash != lookups[place].hash else { continue }
                lookups[place].slot = entries[slot].chain
                entries.prefetch(lookups[place].slot)
            }
        }
        for place in 0..<count where lookups[place].slot != Entry.none {
            let entry = entries[lookups[place].slot]
            guard entry.hash == lookups[place].hash, let payload = entry.payload else { continue }
            // The header and the key, and the beginning of a small value.
            for line in 0..<3 { memod_prefetch(payload.address + line * 64) }
        }
        count = 0
    }
}
