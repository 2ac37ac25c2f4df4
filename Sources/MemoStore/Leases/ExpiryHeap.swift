/// Which lease ends next: a binary heap of the ends of leases. What ended before its time stays in it until its
/// time comes or until it is more than half of the heap, whichever is first, so that ending a lease costs nothing
/// here.
struct ExpiryHeap {
    struct End {
        var at: Int64
        /// The lease's place in the table, and which of the leases that were ever there it is.
        var place: Int
        var serial: UInt64
    }

    private var ends: [End] = []

    /// No lease ends before this.
    var earliest: Int64 { ends.first?.at ?? .max }
    var count: Int { ends.count }

    mutating func insert(_ end: End) {
        var index = ends.count
        ends.append(end)
        while index > 0, ends[(index - 1) / 2].at > end.at {
            ends[index] = ends[(index - 1) / 2]
            index = (index - 1) / 2
        }
        ends[index] = end
    }

    /// Takes out the next one that is over by `now`.
    mutating func popFirst(by now: Int64) -> End? {
        guard let first = ends.first, first.at <= now else { return nil }
        let last = ends.removeLast()
        if !ends.isEmpty { sink(last, from: 0) }
        return first
    }

    /// Leaves only those for which `isLive` says so.
    mutating func filter(_ isLive: (End) -> Bool) {
        let kept = ends.filter(isLive)
        ends.removeAll(keepingCapacity: true)
        for end in kept { insert(end) }
    }

    private mutating func sink(_ end: End, from start: Int) {
        var index = start
        while 2 * index + 1 < ends.count {
            var child = 2 * index + 1
            if child + 1 < ends.count, ends[child + 1].at < ends[child].at { child += 1 }
            guard ends[child].at < end.at else { break }
            ends[index] = ends[child]
            index = child
        }
        ends[index] = end
    }
}
