/// How much was used since a key was used before: the reuse distance of R. L. Mattson et al., "Evaluation techniques for
/// storage hierarchies", IBM Systems Journal 9 (1970), by a Fenwick tree over the times of last use.
///
/// A look-up hits in a least-recently-used cache if its distance is less than the cache's size.
struct StackDistances {
    enum Distance: Equatable {
        /// The weight of all other keys used since.
        case known(Int64)
        /// The key was used before, and then something was missed.
        case unknown
        case firstUse
    }

    private var places = PlaceTable()
    /// By place: who was used then, what it weighs, and what was seen of it. A place that was left has weight 0.
    private var keys: [UInt64] = []
    private var weights: [Int64] = []
    private var tallies: [KeyTally] = []
    /// Fenwick's sums over `weights`, from index 1 on.
    private var sums: [Int64]
    /// Places before this are of a time before something was missed.
    private var gap = 0
    private var total: Int64 = 0
    /// No key is at a place before this.
    private var oldest = 0

    init() {
        sums = Array(repeating: 0, count: Self.placesLeast + 1)
        keys.reserveCapacity(Self.placesLeast)
        weights.reserveCapacity(Self.placesLeast)
        tallies.reserveCapacity(Self.placesLeast)
    }

    private static let placesLeast = 2048

    var count: Int { places.count }
    /// What all keys weigh.
    var weight: Int64 { total }

    /// A key is used.
    /// - Parameter weight: what it weighs from now on; at least 1.
    mutating func use(_ key: UInt64, weight: Int64) -> Distance {
        if keys.count == sums.count - 1 { renumber { _ in true } }
        var distance = Distance.firstUse
        var tally = KeyTally()
        let place = keys.count
        if let last = places.set(key, to: place, keys) {
            distance = last < gap ? .unknown : .known(total - sum(through: last))
            add(-weights[last], at: last)
            weights[last] = 0
            tally = tallies[last]
        }
        keys.append(key)
        weights.append(weight)
        tallies.append(tally)
        add(weight, at: place)
        return distance
    }

    /// What was seen of the key that was used last.
    mutating func changeLastTally(_ change: (inout KeyTally) -> Void) { change(&tallies[tallies.count - 1]) }

    /// What was seen of a key, if it is there.
    mutating func changeTally(of key: UInt64, _ change: (inout KeyTally) -> Void) {
        if let place = places.find(key, keys) { change(&tallies[place]) }
    }

    func tallySums() -> TallySums {
        var sums = TallySums()
        for place in keys.indices where weights[place] > 0 { sums.add(tallies[place]) }
        return sums
    }

    mutating func halveTallies() {
        for place in tallies.indices { tallies[place].halve() }
    }

    /// Forgets the key that was used longest ago.
    mutating func removeOldest() {
        while oldest < keys.count, weights[oldest] == 0 { oldest += 1 }
        guard oldest < keys.count else { return }
        places.remove(keys[oldest], keys)
        add(-weights[oldest], at: oldest)
        weights[oldest] = 0
        oldest += 1
    }

    /// Some uses were not told: distances across them are not known.
    mutating func miss() { gap = keys.count }

    /// Forgets the keys that are not to be kept.
    mutating func keep(_ isKept: (UInt64) -> Bool) { renumber(isKept) }

    /// Gives the keys places without gaps between them, in the order of their use, where they are: nothing is allocated
    /// unless there are more keys than ever before.
    private mutating func renumber(_ isKept: (UInt64) -> Bool) {
        var next = 0
        var newGap = 0
        for place in keys.indices where weights[place] > 0 {
            guard isKept(keys[place]) else { continue }
            keys[next] = keys[place]
            weights[next] = weights[place]
            tallies[next] = tallies[place]
            next += 1
            if place < gap { newGap = next }
        }
        keys.removeLast(keys.count - next)
        weights.removeLast(weights.count - next)
        tallies.removeLast(tallies.count - next)
        places.rebuild(keys)
        gap = newGap
        oldest = 0
        total = 0
        for index in sums.indices { sums[index] = 0 }
        let missing = next * 2 + 1 - sums.count
        if missing > 0 { sums.append(contentsOf: repeatElement(0, count: missing)) }
        for place in keys.indices { add(weights[place], at: place) }
    }

    private mutating func add(_ weight: Int64, at place: Int) {
        total += weight
        var index = place + 1
        while index < sums.count {
            sums[index] += weight
            index += index & -index
        }
    }

    /// What the keys last used up to this place weigh.
    private func sum(through place: Int) -> Int64 {
        var index = place + 1
        var sum: Int64 = 0
        while index > 0 {
            sum += sums[index]
            index -= index & -index
        }
        return sum
    }

    /// What must hold between two calls.
    func check() {
        let used = keys.indices.filter { weights[$0] > 0 }
        precondition(used.allSatisfy { places.find(keys[$0], keys) == $0 }, "a key is not at its place")
        precondition(used.count == places.count, "a key that is gone has a place")
        precondition(weights.reduce(0, +) == total, "the total is wrong")
        precondition(keys.isEmpty || sum(through: keys.count - 1) == total, "the sums are wrong")
        precondition(used.allSatisfy { $0 >= oldest }, "a key is older than the oldest")
        precondition(gap <= keys.count, "the gap lies ahead")
    }
}
