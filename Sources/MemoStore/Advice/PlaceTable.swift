/// Where keys are in an array, found by open addressing. The keys are hashes with a secret seed already: one multiplication
/// is all the hashing there is.
struct PlaceTable {
    /// Places by where their keys belong, or what is free behind that.
    private var places = Array(repeating: Self.free, count: Self.least)
    private(set) var count = 0

    /// How many bits of a product are left out.
    private var shift = 64 - Self.least.trailingZeroBitCount

    private static let free: Int32 = -1
    private static let least = 64

    @inline(__always)
    private var mask: Int { places.count &- 1 }

    /// Where a key belongs: the upper bits of its product with an odd number without pattern (the golden ratio), to which
    /// all of its bits contribute.
    @inline(__always)
    private func home(_ key: UInt64) -> Int {
        let product = key &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: product &>> UInt64(truncatingIfNeeded: shift))
    }

    /// The index of a key, or of the free one where it belongs.
    private func index(of key: UInt64, _ keys: [UInt64]) -> Int {
        var index = home(key)
        while places[index] != Self.free, keys[Int(places[index])] != key { index = (index &+ 1) & mask }
        return index
    }

    func find(_ key: UInt64, _ keys: [UInt64]) -> Int? {
        let place = places[index(of: key, keys)]
        return place == Self.free ? nil : Int(place)
    }

    /// - Parameter place: where the key will be in the array.
    /// - Returns: where it was before.
    mutating func set(_ key: UInt64, to place: Int, _ keys: [UInt64]) -> Int? {
        if 2 * count >= places.count { resize(to: 2 * places.count, keys) }
        let index = index(of: key, keys)
        let last = exchange(&places[index], with: Int32(place))
        guard last == Self.free else { return Int(last) }
        count += 1
        return nil
    }

    mutating func remove(_ key: UInt64, _ keys: [UInt64]) {
        var gap = index(of: key, keys)
        guard places[gap] != Self.free else { return }
        count -= 1
        // Those that follow move up, as far as they are not where they belong.
        var next = (gap &+ 1) & mask
        while places[next] != Self.free {
            if (next &- home(keys[Int(places[next])])) & mask >= (next &- gap) & mask {
                places[gap] = places[next]
                gap = next
            }
            next = (next &+ 1) & mask
        }
        places[gap] = Self.free
    }

    /// Has all these keys, each once, and no others.
    mutating func rebuild(_ keys: [UInt64]) {
        for index in places.indices { places[index] = Self.free }
        count = keys.count
        for place in keys.indices { add(place, keys) }
    }

    private mutating func resize(to size: Int, _ keys: [UInt64]) {
        let all = places
        places = Array(repeating: Self.free, count: size)
        shift = 64 - size.trailingZeroBitCount
        for place in all where place != Self.free { add(Int(place), keys) }
    }

    /// One that is not there yet.
    private mutating func add(_ place: Int, _ keys: [UInt64]) {
        var index = home(keys[place])
        while places[index] != Self.free { index = (index &+ 1) & mask }
        places[index] = Int32(place)
    }
}
