/// Every limit of the store.
package struct StoreLimits: Sendable {
    /// Entries in both tiers: 52 bytes of memory each, wherever their values are.
    package var entriesMax = 16 << 20
    package var functionsMax = 100_000
    package var functionsPerOwnerMax = 10_000
    /// Memory of all functions and their names.
    package var functionBytesMax = 64 << 20
    /// A function without entries that is not used for so long is retired into the totals.
    package var functionIdleMs: Int64 = 30 * 86_400_000
    package var tagsMax = 100_000
    package var tagsPerOwnerMax = 10_000
    /// Memory of all tags, and of which entry bears which: 20 bytes each.
    package var tagBytesMax = 64 << 20
    /// A power of two; 16 bytes each... see `Ghost`.
    package var ghostsMax = 1 << 16
    package var leasesMax = 1 << 16
    /// Bytes of all keys that are leased.
    package var leasedKeyBytesMax = 64 << 20
    package var waitersMax = 1 << 16
    /// What may wait for the writer until it is known what the disk takes, and the bounds of it afterwards.
    package var queueBytesFirst = 8 << 20
    package var queueBytesLeast = 1 << 20
    package var queueBytesMost = 64 << 20
    /// Entries looked at while the lock is held once, in sweeps and in taking back what was cleared.
    package var sweepSlots = 4096
    package var reclaimEntries = 1000
    /// Work (`WorkMeter`) from which on a piece ends, of whatever is done in pieces: an entry with many tags takes as much
    /// as many without.
    package var pieceWork = 3000
    /// Evictions for one budget that one put pays for at most; the rest is left to later ones and to sweeps.
    package var evictionsPerPut = 64
    package var coldReadsMax = 10_000
    package var readerThreads = 2
    package var journalEntries = 1 << 20
    /// Functions and owners whose history is kept: some 85 KiB each when they are busy all the time.
    package var historyFunctionsMax = 128
    package var historyOwnersMax = 32
    /// Mismatches that are kept, and bytes of each of the values that differed.
    package var mismatchesMax = 100
    package static let mismatchValueBytes = 200

    package init() {}
}
