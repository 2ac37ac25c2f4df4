/// How the published region lies in memory: what the daemon writes and clients of any language read. `docs/region.md`
/// says the same in words. All numbers are little-endian words in their natural alignment.
package enum RegionLayout {
    /// "MEMODRG1".
    package static let magic: UInt64 = 0x3147_5244_4f4d_454d
    package static let version: UInt32 = 2
    package static let pageBytes = 4096

    // MARK: both pages begin with magic, version and, from byte 16, the daemon's instance.
    static let magicOffset = 0
    static let versionOffset = 8
    static let instanceOffset = 16

    // MARK: the control page
    /// The keeper thread's number, which the kernel marks when it dies.
    static let aliveOffset = 128

    // MARK: the region's header
    static let seedOffset = 12
    static let sizeOffset = 32
    static let functionsOffset = 40
    static let indexOffset = 48
    static let logOffset = 56
    static let logBytesOffset = 64
    static let functionCountOffset = 72
    static let bucketMaskOffset = 76
    /// On a cache line of their own: what readers look at at the end of every look-up.
    static let stateOffset = 128
    static let tagEpochOffset = 132
    static let clearedBelowOffset = 136

    static let open: UInt32 = 1
    static let closed: UInt32 = 2

    // MARK: the index: buckets of eight words, `tag << 32 | offset in the log / 16`; 0 is none
    static let bucketWords = 8

    // MARK: the log of blocks
    static let unit = 16
    /// The top byte of a block's number. It is in no UTF-8, so that no key and no value can pass for a head.
    static let publicationMark: UInt64 = 0xFE << 56
    static let headBytes = 48
    package static let keyBytesMax = 4096
    package static let valueBytesMax = 16 << 10
    package static let forever = Int64.max
    /// In `BlockHead.flags`: the order of uses is exact, so that a hit that cannot be noted is none.
    static let exact: UInt16 = 1

    // MARK: uses: a page with the counts, the ring of notes, then two counters for each function
    static let notedOffset = 0
    /// Notes of entries whose order is exact, which the daemon takes before it evicts; it takes the others at leisure.
    static let exactNotedOffset = 8
    static let drainedOffset = 64
    static let notesOffset = pageBytes
    static let noteCapacity = 1024
    static let noteBytes = 16
    static let countersOffset = notesOffset + noteCapacity * noteBytes
    /// Hits, and the milliseconds that they saved.
    static let counterBytes = 16

    /// What begins a block. `publication` is written last and checked last.
    struct BlockHead: BitwiseCopyable {
        var publication: UInt64
        /// The function's number, never used again.
        var function: UInt32
        var keyBytes: UInt16
        var flags: UInt16
        var valueBytes: UInt32
        /// 0: no tags.
        var tagEpoch: UInt32
        /// Milliseconds of `CLOCK_BOOTTIME`.
        var freshUntil: Int64
        /// By which a note of a use names the entry.
        var ticket: UInt32
        var generation: UInt32
        var costMs: UInt32
        /// Milliseconds from when the value was stored to `freshUntil`; 0: that is not told.
        var lifeMs: UInt32
    }

    static let functionOffset = 8
    static let keyBytesOffset = 12
    static let flagsOffset = 14
    static let valueBytesOffset = 16
    static let blockEpochOffset = 20
    static let freshOffset = 24
    static let ticketOffset = 32
    static let costOffset = 40
    static let lifeOffset = 44

    /// Where a value begins in its block.
    @inline(__always)
    static func valueOffset(keyBytes: Int) -> Int { headBytes &+ ((keyBytes &+ 7) & ~7) }

    static func blockBytes(key: Int, value: Int) -> Int {
        (valueOffset(keyBytes: key) + value + unit - 1) / unit * unit
    }

    /// Ends the process if the compiler lays a head out in another way than readers expect. Called by every writer.
    static func check() {
        precondition(MemoryLayout<BlockHead>.size == headBytes && MemoryLayout<BlockHead>.alignment == 8)
        precondition(MemoryLayout<BlockHead>.offset(of: \.function) == functionOffset)
        precondition(MemoryLayout<BlockHead>.offset(of: \.keyBytes) == keyBytesOffset)
        precondition(MemoryLayout<BlockHead>.offset(of: \.valueBytes) == valueBytesOffset)
        precondition(MemoryLayout<BlockHead>.offset(of: \.tagEpoch) == blockEpochOffset)
        precondition(MemoryLayout<BlockHead>.offset(of: \.freshUntil) == freshOffset)
        precondition(MemoryLayout<BlockHead>.offset(of: \.ticket) == ticketOffset)
        precondition(MemoryLayout<BlockHead>.offset(of: \.costMs) == costOffset)
        precondition(MemoryLayout<BlockHead>.offset(of: \.flags) == flagsOffset)
        precondition(MemoryLayout<BlockHead>.offset(of: \.lifeMs) == lifeOffset)
        precondition(headBytes % unit == 0)
    }
}

/// Where the parts of a region are, and how large: told to readers in its header, and checked by them once.
package struct RegionGeometry: Sendable, Equatable {
    package var size: Int
    package var functionCount: Int
    var bucketCount: Int
    var functions: Int
    var index: Int
    var log: Int
    var logBytes: Int

    package static let functionsMax = 4096
    package static let bytesLeast = 128 << 10

    /// The parts of a region of this many bytes: an eighth is index, which is about half full with entries of 100 bytes.
    /// - Returns: `nil` if it would be too small to be of use.
    package init?(bytes: Int, functions functionCount: Int = RegionGeometry.functionsMax) {
        guard bytes >= Self.bytesLeast, bytes <= 16 << 30, functionCount <= Self.functionsMax else {
            return nil
        }
        let page = RegionLayout.pageBytes
        self.functionCount = functionCount
        functions = page
        index = (page + functionCount * 8 + page - 1) / page * page
        var buckets = 2
        while buckets * 2 * RegionLayout.bucketWords * 8 <= bytes / 8 { buckets *= 2 }
        bucketCount = buckets
        log = (index + buckets * RegionLayout.bucketWords * 8 + page - 1) / page * page
        size = bytes / page * page
        logBytes = size - log
        guard logBytes >= page else { return nil }
    }

    /// Those in a header.
    /// - Returns: `nil` if they do not fit into this many bytes, or into each other.
    init?(header: UnsafeRawPointer, mapped: Int) {
        func number(_ offset: Int) -> Int? {
            Int(exactly: header.load(fromByteOffset: offset, as: UInt64.self))
        }
        guard header.load(fromByteOffset: RegionLayout.magicOffset, as: UInt64.self) == RegionLayout.magic,
            header.load(fromByteOffset: RegionLayout.versionOffset, as: UInt32.self) == RegionLayout.version,
            let size = number(RegionLayout.sizeOffset), size <= mapped,
            let functions = number(RegionLayout.functionsOffset), functions % 8 == 0, functions <= size,
            let index = number(RegionLayout.indexOffset), index % 64 == 0, index <= size,
            let log = number(RegionLayout.logOffset), log % 64 == 0, log <= size,
            let logBytes = number(RegionLayout.logBytesOffset), logBytes % RegionLayout.unit == 0,
            logBytes <= size - log, logBytes / RegionLayout.unit <= Int(UInt32.max)
        else { return nil }
        let count = Int(header.load(fromByteOffset: RegionLayout.functionCountOffset, as: UInt32.self))
        let mask = Int(header.load(fromByteOffset: RegionLayout.bucketMaskOffset, as: UInt32.self))
        guard count <= Self.functionsMax, functions + count * 8 <= size, mask >= 1, mask & (mask + 1) == 0,
            index + (mask + 1) * RegionLayout.bucketWords * 8 <= size
        else { return nil }
        self.size = size
        self.functions = functions
        self.index = index
        self.log = log
        self.logBytes = logBytes
        functionCount = count
        bucketCount = mask + 1
    }
}
