internal import Glibc
internal import Platform
internal import Synchronization

/// Memory of large values that is not used any more. It is given back without any lock: the kernel takes some 0.1 ms for
/// each megabyte, for which nothing else should wait.
enum LargeBlocks {
    /// From this size on the allocator hands a block back to the kernel at once.
    private static let leastBytes = 1 << 20

    private struct Freed {
        var block: UnsafeMutableRawPointer
        /// Pages that others may have, which keep them: they must not be used again.
        var lent: UnsafeRawBufferPointer
    }

    /// `@unchecked Sendable` because nothing uses these blocks any more.
    private struct Blocks: @unchecked Sendable {
        var blocks: [Freed] = []
    }

    private static let freed = Lock(Blocks())
    private static let count = Atomic(0)

    /// Whether there is something to be given back.
    static var isEmpty: Bool { count.load(ordering: .relaxed) == 0 }

    /// Frees a block, a large one by and by.
    @inline(__always)
    static func free(
        _ block: UnsafeMutableRawPointer, bytes: Int,
        lent: UnsafeRawBufferPointer = .init(start: nil, count: 0)
    ) {
        let freed = Freed(block: block, lent: lent)
        if bytes < leastBytes { free(freed) } else { leave(freed) }
    }

    @inline(never)
    private static func leave(_ block: Freed) {
        freed.withLock { $0.blocks.append(block) }
        count.add(1, ordering: .relaxed)
    }

    @inline(__always)
    private static func free(_ freed: Freed) {
        if freed.lent.count > 0 {
            // The allocator gets others in their place. Memory that is lost is better than a value that changes on its way.
            let start = UnsafeMutableRawPointer(mutating: freed.lent.baseAddress)
            guard madvise(start, freed.lent.count, MADV_DONTNEED) == 0 else { return }
        }
        Glibc.free(freed.block)
    }

    /// Gives back what was left, in the order in which it came.
    static func giveBack() {
        while !isEmpty {
            let taken = freed.withLock { exchange(&$0.blocks, with: []) }
            count.subtract(taken.count, ordering: .relaxed)
            for block in taken { free(block) }
        }
    }
}
