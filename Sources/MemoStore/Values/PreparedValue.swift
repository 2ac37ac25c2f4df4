/// A large value that was copied, and compared with the one that others have, before the store's lock is taken.
///
/// `@unchecked Sendable` because `block` is touched by one thread at a time: whoever prepares, then whoever puts.
package final class PreparedValue: @unchecked Sendable {
    /// From this size on that pays, in bytes.
    package static let leastBytes = 64 << 10

    fileprivate var block: UnsafeMutablePointer<InternTable.Block>?
    /// It is a value that others have, too: a reference to it is held.
    fileprivate let isShared: Bool
    private let releaseLocked: @Sendable (UnsafeMutablePointer<InternTable.Block>) -> Void

    /// - Parameter releaseLocked: gives the reference to a shared one back, with the lock held.
    init(
        _ block: UnsafeMutablePointer<InternTable.Block>, isShared: Bool,
        releaseLocked: @escaping @Sendable (UnsafeMutablePointer<InternTable.Block>) -> Void
    ) {
        self.block = block
        self.isShared = isShared
        self.releaseLocked = releaseLocked
    }

    /// For a payload, which it belongs to from then on; once. Called with the lock held.
    func take(for table: InternTable) -> UnsafeMutablePointer<InternTable.Block>? {
        guard let block = exchange(&block, with: nil) else { return nil }
        if !isShared { table.adopt(block) }
        return block
    }

    /// Not needed after all. Called with the lock held.
    func discard() {
        guard let block = exchange(&block, with: nil) else { return }
        if isShared {
            InternTable.release(block)
        } else {
            LargeBlocks.free(block, bytes: block.pointee.bytes)
        }
    }

    /// Not with the lock held, unless it was taken or discarded before.
    deinit {
        guard let block else { return }
        if isShared {
            releaseLocked(block)
        } else {
            LargeBlocks.free(block, bytes: block.pointee.bytes)
        }
    }
}
