/// Draws entries of the hot tier at random, ahead of time. They lie anywhere in memory, and to wait for each of them
/// would take most of an eviction's time: so first their places in the list are fetched into the processor's caches,
/// by the next eviction they themselves, and looked at only by the one after that.
struct EvictionSampler {
    /// As many as Redis draws.
    static let samples = 5
    typealias Samples = InlineArray<5, Slot>

    private var places = Samples(repeating: Entry.none)
    private var slots = Samples(repeating: Entry.none)

    /// - Returns: entries that were in the hot tier when they were drawn, and `Entry.none` where none was.
    mutating func next(
        _ hot: borrowing HotTier, _ entries: borrowing EntryIndex, _ random: inout RandomSource
    ) -> Samples {
        let drawn = slots
        for index in places.indices {
            let place = Int(places[index])
            slots[index] = place < hot.count ? hot.slots[place] : Entry.none
            entries.prefetch(slots[index])
        }
        guard hot.count > 0 else { return drawn }
        for index in places.indices {
            places[index] = Slot(random.below(hot.count))
            hot.prefetch(Int(places[index]))
        }
        return drawn
    }
}
