internal import Glibc

/// A key, its value and what was said of it when it was put: one block of memory, written once and then only
/// read. Copies of a `Payload` are the same block; `retain` and `release` count its holders (the hot tier, the
/// write queue, a reply under way) and are called only under the store's lock, so that the writer and the
/// readers of the cold tier may read the bytes of a block they hold without it.
///
/// `@unchecked Sendable` because it is immutable but for `references` and `hotIndex`, which the store's lock guards.
struct Payload: @unchecked Sendable {
    /// Where a payload that is not in the hot tier stands in its list.
    static let nowhere = UInt32.max
    static let tagsMax = 16

    /// What all have: 20 bytes, and parts that not all have behind it, so that the sum of an ordinary small
    /// payload stays below the allocator's next step.
    private struct Header {
        var references: UInt16
        /// 48 bits of milliseconds.
        var createdHigh: UInt16
        var createdLow: UInt32
        var hotIndex: UInt32
        /// Above the length: which parts follow, and whether the value is shared.
        var keyBytesAndFlags: UInt32
        var valueBytes: UInt32
    }

    /// Where the entry cost something, or another user than the daemon's own wrote it.
    private struct Attribution {
        var costMs: UInt32
        var uid: UInt32
    }

    /// Where it does not live for ever, or has tags.
    private struct Extension {
        var fresh: Int64
        var expires: Int64
        /// How many tags' numbers stand before the key.
        var tags: UInt64
    }

    private static let extended: UInt32 = 1 << 31
    /// The address of a block of the `InternTable` stands in the place of the value.
    private static let shared: UInt32 = 1 << 30
    private static let attributed: UInt32 = 1 << 29
    private static let lengthMask = attributed - 1
    private static let ownUser = getuid()
    let address: UnsafeMutableRawPointer

    private var header: UnsafeMutablePointer<Header> { address.assumingMemoryBound(to: Header.self) }
    private var isExtended: Bool { header.pointee.keyBytesAndFlags & Self.extended != 0 }
    private var isAttributed: Bool { header.pointee.keyBytesAndFlags & Self.attributed != 0 }
    /// To be read only if `isAttributed`.
    private var attribution: Attribution { (address + MemoryLayout<Header>.size).load(as: Attribution.self) }
    private var extensionStart: UnsafeMutableRawPointer {
        address + MemoryLayout<Header>.size + (isAttributed ? MemoryLayout<Attribution>.size : 0)
    }
    /// To be read only if `isExtended`.
    private var more: Extension { extensionStart.loadUnaligned(as: Extension.self) }
    @inline(__always) private var body: UnsafeMutableRawPointer {
        extensionStart + (isExtended ? MemoryLayout<Extension>.size + tagCount * 4 : 0)
    }
    private var tagCount: Int { isExtended ? Int(more.tags) : 0 }
    private var keyBytes: Int { Int(header.pointee.keyBytesAndFlags & Self.lengthMask) }

    /// Its place in the hot tier's list.
    var hotIndex: UInt32 {
        get { header.pointee.hotIndex }
        nonmutating set { header.pointee.hotIndex = newValue }
    }
    var costMs: UInt32 { isAttributed ? attribution.costMs : 0 }
    var uid: UInt32 { isAttributed ? attribution.uid : Self.ownUser }
    var created: Int64 {
        Int64(Int16(bitPattern: header.pointee.createdHigh)) << 32 | Int64(header.pointee.createdLow)
    }
    var fresh: Int64 { isExtended ? more.fresh : .max }
    var expires: Int64 { isExtended ? more.expires : .max }
    /// The length of the grace time after that.
    var graceMs: Int64 { fresh == .max ? .max - expires : expires - fresh }
    var metadata: EntryMetadata {
        EntryMetadata(created: created, fresh: fresh, expires: expires, costMs: costMs, uid: uid)
    }
    var tags: UnsafeBufferPointer<TagID> {
        guard isExtended else { return UnsafeBufferPointer(start: nil, count: 0) }
        let start = (extensionStart + MemoryLayout<Extension>.size).assumingMemoryBound(to: TagID.self)
        return UnsafeBufferPointer(start: start, count: tagCount)
    }
    var key: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: body, count: keyBytes) }
    @inline(__always) var value: UnsafeRawBufferPointer {
        if isShared { return InternTable.value(block) }
        return UnsafeRawBufferPointer(start: body + keyBytes, count: Int(header.pointee.valueBytes))
    }
    /// Whether the value is in a block that other payloads may refer to, too.
    var isShared: Bool { header.pointee.keyBytesAndFlags & Self.shared != 0 }
    var block: UnsafeMutablePointer<InternTable.Block> {
        (body + keyBytes).loadUnaligned(as: UnsafeMutablePointer<InternTable.Block>.self)
    }

    /// Bytes of memory that it takes, the allocator's own included (glibc: a word more, in steps of 16). A shared
    /// value is not counted here.
    var footprint: Int {
        let size = body - address + keyBytes + (isShared ? 8 : Int(header.pointee.valueBytes))
        return max(32, (size + 8 + 15) & ~15)
    }

    /// Bytes of memory that go when it does: its own, and those of a shared value that no other payload has.
    var soleBytes: Int { footprint + (isShared && block.pointee.references == 1 ? block.pointee.bytes : 0) }

    /// A new block with one holder; everything is copied into it, but for a value that can be shared.
    /// - Parameter block: with the same value, whose reference it takes over; `nil`: the payload has its own copy.
    /// - Returns: `nil` if memory is exhausted.
    static func allocate(
        _ metadata: EntryMetadata, tags: some Collection<TagID>, key: UnsafeRawBufferPointer,
        value: UnsafeRawBufferPointer, block: UnsafeMutablePointer<InternTable.Block>? = nil
    ) -> Payload? {
        let extended = metadata.fresh != .max || metadata.expires != .max || !tags.isEmpty
        let attributed = metadata.costMs != 0 || metadata.uid != ownUser
        let size =
            MemoryLayout<Header>.size + (attributed ? MemoryLayout<Attribution>.size : 0)
            + (extended ? MemoryLayout<Extension>.size + tags.count * 4 : 0)
            + key.count + (block == nil ? value.count : 8)
        guard let address = malloc(size) else {
            if let block { InternTable.release(block) }
            return nil
        }
        address.initializeMemory(
            as: Header.self,
            to: Header(
                references: 1, createdHigh: UInt16(truncatingIfNeeded: metadata.created >> 32),
                createdLow: UInt32(truncatingIfNeeded: metadata.created), hotIndex: nowhere,
                keyBytesAndFlags: UInt32(key.count) | (extended ? Self.extended : 0)
                    | (attributed ? Self.attributed : 0) | (block == nil ? 0 : Self.shared),
                valueBytes: UInt32(value.count)))
        let payload = Payload(address: address)
        if attributed {
            (address + MemoryLayout<Header>.size).storeBytes(
                of: Attribution(costMs: metadata.costMs, uid: metadata.uid), as: Attribution.self)
        }
        if extended {
            payload.extensionStart.storeBytes(
                of: Extension(fresh: metadata.fresh, expires: metadata.expires, tags: UInt64(tags.count)),
                as: Extension.self)
            var next = payload.extensionStart + MemoryLayout<Extension>.size
            for tag in tags {
                next.storeBytes(of: tag, as: TagID.self)
                next += 4
            }
        }
        if let base = key.baseAddress { payload.body.copyMemory(from: base, byteCount: key.count) }
        if let block {
            (payload.body + key.count).storeBytes(of: block, as: UnsafeMutablePointer<InternTable.Block>.self)
        } else if let base = value.baseAddress {
            (payload.body + key.count).copyMemory(from: base, byteCount: value.count)
        }
        return payload
    }

    func retain() { header.pointee.references += 1 }

    func release() {
        header.pointee.references -= 1
        if header.pointee.references == 0 {
            // What stands in the block itself, about.
            let bytes = isShared ? 0 : Int(header.pointee.valueBytes)
            if isShared { InternTable.release(block) }
            LargeBlocks.free(address, bytes: bytes)
        }
    }
}
