internal import MemoStore

/// A name holds the connection's loop (8 bits), its slot there (24) and the slot's generation (32), which a later
/// connection in the same slot does not share.
extension ConnectionID {
    static let loopLimit = 1 << 8
    /// The last slot is not used: its names serve as tokens for what is no connection.
    static let slotLimit = (1 << 24) - 1

    init(loop: Int, slot: Int, generation: UInt32) {
        assert(loop < Self.loopLimit && slot < Self.slotLimit)
        self.init(rawValue: UInt64(loop) << 56 | UInt64(slot) << 32 | UInt64(generation))
    }

    var loop: Int { Int(rawValue >> 56) }
    var slot: Int { Int(rawValue >> 32) & 0xFF_FFFF }
    var generation: UInt32 { UInt32(truncatingIfNeeded: rawValue) }
}
