/// At most one deadline for each slot, the earliest first: a binary heap that knows where each slot stands, so
/// that a deadline can be moved and removed. Sizes: one entry for each slot with a deadline.
package struct DeadlineHeap {
    private struct Entry {
        var time: Int64
        var slot: Int
    }

    private var entries: [Entry] = []
    /// Where a slot's entry is, or -1.
    private var places: [Int] = []

    package init() {}

    /// The earliest time, in the unit that was given.
    package var earliest: Int64? { entries.first?.time }
    package var count: Int { entries.count }
    /// Memory that it takes.
    package var bytes: Int {
        entries.capacity * MemoryLayout<Entry>.stride + places.capacity * MemoryLayout<Int>.stride
    }

    /// Sets, moves, or (`nil`) removes the deadline of a slot.
    package mutating func set(_ slot: Int, _ time: Int64?) {
        while places.count <= slot { places.append(-1) }
        let place = places[slot]
        switch (time, place) {
        case (nil, -1):
            break
        case (nil, _):
            remove(at: place)
        case (let time?, -1):
            entries.append(Entry(time: time, slot: slot))
            places[slot] = entries.count - 1
            rise(entries.count - 1)
        case (let time?, _):
            entries[place].time = time
            rise(place)
            sink(places[slot])
        }
    }

    /// Removes and returns a slot whose time is `now` or earlier.
    package mutating func popExpired(_ now: Int64) -> Int? {
        guard let first = entries.first, first.time <= now else { return nil }
        remove(at: 0)
        return first.slot
    }

    private mutating func remove(at place: Int) {
        places[entries[place].slot] = -1
        let last = entries.removeLast()
        guard place < entries.count else { return }
        entries[place] = last
        places[last.slot] = place
        rise(place)
        sink(places[last.slot])
    }

    private mutating func rise(_ place: Int) {
        var place = place
        while place > 0 {
            let parent = (place - 1) / 2
            guard entries[place].time < entries[parent].time else { return }
            exchange(place, parent)
            place = parent
        }
    }

    private mutating func sink(_ place: Int) {
        var place = place
        while true {
            var child = 2 * place + 1
            guard child < entries.count else { return }
            if child + 1 < entries.count, entries[child + 1].time < entries[child].time { child += 1 }
            guard entries[child].time < entries[place].time else { return }
            exchange(place, child)
            place = child
        }
    }

    private mutating func exchange(_ one: Int, _ other: Int) {
        entries.swapAt(one, other)
        places[entries[one].slot] = one
        places[entries[other].slot] = other
    }
}
