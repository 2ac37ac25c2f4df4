internal import Glibc

/// The results of one function that this process has at hand, least recently used last to stay. Not for several
/// threads: its owner has a lock.
struct LocalCache {
    /// Entries, and bytes of their keys and values as JSON, at most.
    static let maximumEntries = 65_536
    static let maximumBytes = 16 << 20

    struct Entry {
        let value: any Sendable
        /// What computing it took, as far as is known.
        let cost: Duration
        /// `nil`: never.
        let expires: ContinuousClock.Instant?
        let bytes: Int
    }

    private struct Slot {
        var key: [UInt8]
        var entry: Entry?
        var newer: Int
        var older: Int
    }

    private var slots: [Slot] = []
    private var places: [[UInt8]: Int] = [:]
    private var free: [Int] = []
    private var newest = -1
    private var oldest = -1
    private(set) var bytes = 0
    private let maximum: Int

    init(maximum: Int) {
        self.maximum = max(0, min(maximum, Self.maximumEntries))
    }

    var count: Int { places.count }

    /// A use.
    /// - Parameter early: a factor: the nearer its end and the costlier it was, the likelier a result is over.
    mutating func value(_ key: [UInt8], now: ContinuousClock.Instant, early: Double = 0) -> Entry? {
        guard let place = places[key], let entry = slots[place].entry else { return nil }
        // XFetch (Vattani, Chierichetti, Lowenstein, 2015).
        let chance = early > 0 ? Double.random(in: .leastNormalMagnitude...1) : 1
        let lead = entry.cost / .seconds(1) * early * -log(chance)
        if let expires = entry.expires, expires <= now || (expires - now) / .seconds(1) <= lead {
            remove(key)
            return nil
        }
        unlink(place)
        link(place)
        return entry
    }

    mutating func insert(_ key: [UInt8], _ entry: Entry) {
        remove(key)
        // One large result would push everything else out.
        guard maximum > 0, entry.bytes <= Self.maximumBytes / 8 else { return }
        while oldest >= 0, count >= maximum || bytes + entry.bytes > Self.maximumBytes {
            remove(slots[oldest].key)
        }
        let slot = Slot(key: key, entry: entry, newer: -1, older: -1)
        let place: Int
        if let reused = free.popLast() {
            place = reused
            slots[place] = slot
        } else {
            place = slots.count
            slots.append(slot)
        }
        places[key] = place
        bytes += entry.bytes
        link(place)
    }

    mutating func remove(_ key: [UInt8]) {
        guard let place = places.removeValue(forKey: key) else { return }
        unlink(place)
        bytes -= slots[place].entry?.bytes ?? 0
        slots[place] = Slot(key: [], entry: nil, newer: -1, older: -1)
        free.append(place)
    }

    mutating func removeAll() {
        self = LocalCache(maximum: maximum)
    }

    private mutating func link(_ place: Int) {
        slots[place].older = newest
        slots[place].newer = -1
        if newest >= 0 { slots[newest].newer = place }
        newest = place
        if oldest < 0 { oldest = place }
    }

    private mutating func unlink(_ place: Int) {
        let (newer, older) = (slots[place].newer, slots[place].older)
        if newer >= 0 { slots[newer].older = older } else { newest = older }
        if older >= 0 { slots[older].newer = newer } else { oldest = newer }
    }
}
