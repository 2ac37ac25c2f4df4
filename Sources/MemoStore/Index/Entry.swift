/// A place in the index.
typealias Slot = UInt32

/// What memory always knows of an entry, whichever tier its value is in: 48 bytes.
///
/// Three words hold 48 bits of a number or an address each, and the 16 bits left over hold the rest.
struct Entry: BitwiseCopyable {
    /// The next entry of the same bucket, or of the free list.
    var chain: Slot
    /// The lower half of the key's hash.
    var hash: UInt32
    /// Neighbours in its function's list, in order of last use if the function is bounded.
    var older: Slot
    var newer: Slot
    var function: FunctionSlot
    /// End of its life in seconds of store time since the index's origin, rounded up; `never` otherwise.
    /// The exact time stands with the payload.
    var expirySeconds: UInt32
    private var usedWord: UInt64
    private var rowWord: UInt64
    private var payloadWord: UInt64

    static let none = Slot.max
    static let never = UInt32.max
    private static let mask: UInt64 = (1 << 48) - 1

    struct Flags: OptionSet, BitwiseCopyable {
        let rawValue: UInt16
        /// A slot in use, not on the free list.
        static let live = Flags(rawValue: 1)
        static let hot = Flags(rawValue: 2)
        /// Not in the database and not on its way there: the disk took nothing when it was put.
        static let unpersisted = Flags(rawValue: 4)
        static let tagged = Flags(rawValue: 8)
        /// Used since the last access journal was taken.
        static let journaled = Flags(rawValue: 16)
        /// This version of it is in its owner's region.
        static let published = Flags(rawValue: 32)
    }

    init(hash: UInt32, function: FunctionSlot, row: Int64, used: UInt64) {
        self.hash = hash
        self.function = function
        chain = Self.none
        older = Self.none
        newer = Self.none
        expirySeconds = Self.never
        usedWord = used
        rowWord = UInt64(row)
        payloadWord = UInt64(Flags.live.rawValue) << 48
    }

    var flags: Flags {
        get { Flags(rawValue: UInt16(payloadWord >> 48)) }
        set { payloadWord = payloadWord & Self.mask | UInt64(newValue.rawValue) << 48 }
    }
    /// When it was last used, as a count of all uses.
    var used: UInt64 {
        get { usedWord & Self.mask }
        set { usedWord = usedWord & ~Self.mask | newValue & Self.mask }
    }
    /// Its row in the database; a smaller one is older.
    var row: Int64 {
        get { Int64(rowWord & Self.mask) }
        set { rowWord = rowWord & ~Self.mask | UInt64(newValue) & Self.mask }
    }
    /// How often it was a hit since it was put or loaded.
    var hits: UInt32 {
        get { UInt32(usedWord >> 48) | UInt32(rowWord >> 48) << 16 }
        set {
            usedWord = usedWord & Self.mask | UInt64(newValue & 0xffff) << 48
            rowWord = rowWord & Self.mask | UInt64(newValue >> 16) << 48
        }
    }
    /// Of a hot entry; a cold one has none.
    var payload: Payload? {
        flags.contains(.hot)
            ? Payload(address: UnsafeMutableRawPointer(bitPattern: UInt(payloadWord & Self.mask))!) : nil
    }
    /// Bytes that the entry takes on disk, of a cold entry; a hot one's follow from its payload.
    var coldBytes: Int { Int(payloadWord & Self.mask) }

    mutating func setHot(_ payload: Payload) {
        let flags = flags.union(.hot)
        payloadWord = UInt64(UInt(bitPattern: payload.address)) | UInt64(flags.rawValue) << 48
    }

    mutating func setCold(bytes: Int) {
        let flags = flags.subtracting(.hot)
        payloadWord = UInt64(bytes) & Self.mask | UInt64(flags.rawValue) << 48
    }
}
