internal import Glibc

/// A key, its value and what was said of it when it was put: one block of memory, written once and then only
/// read. Copies of a `Payload` are the same block; `retain` and `release` count its holders (the hot tier, the
/// write queue, a reply under way) and are called under the store's lock alone, so that the writer and the
/// readers of the cold tier may read the bytes of a block they hold without it.
struct Payload: @unchecked Sendable {  // Immutable but for `Header.references` and `hotIndex`, which the store's lock guards.
    struct Header {
        var references: UInt32
        /// Its place in the hot tier's list, or `Payload.nowhere`.
        var hotIndex: UInt32
        var keyBytes: UInt32
        var valueBytes: UInt32
        var costMs: UInt32
        /// Who wrote it.
        var uid: UInt32
        /// In store time.
        var created: Int64
        /// Until when it is fresh, and until when it may be served at all; `Int64.max`: for ever.
        var fresh: Int64
        var expires: Int64
        /// The number of tags, whose numbers stand before the key.
        var tagCount: UInt32
        var padding: UInt32 = 0
    }

    static let nowhere = UInt32.max
    let address: UnsafeMutableRawPointer

    var header: UnsafeMutablePointer<Header> { address.assumingMemoryBound(to: Header.self) }
    private var body: UnsafeMutableRawPointer { address + MemoryLayout<Header>.size }

    var tags: UnsafeBufferPointer<UInt32> {
        UnsafeBufferPointer(
            start: UnsafePointer(body.assumingMemoryBound(to: UInt32.self)), count: Int(header.pointee.tagCount))
    }
    var key: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: body + Int(header.pointee.tagCount) * 4, count: Int(header.pointee.keyBytes))
    }
    var value: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: body + Int(header.pointee.tagCount) * 4 + Int(header.pointee.keyBytes),
            count: Int(header.pointee.valueBytes))
    }

    /// Bytes of memory that it takes, the allocator's own included (glibc: a word more, in steps of 16).
    var footprint: Int { (size + 8 + 15) & ~15 }
    private var size: Int {
        MemoryLayout<Header>.size + Int(header.pointee.tagCount) * 4 + Int(header.pointee.keyBytes)
            + Int(header.pointee.valueBytes)
    }

    /// A new block with one holder and room for what `header` says; `fill` the parts, then share it.
    /// - Returns: `nil` where memory is exhausted.
    static func allocate(_ header: Header) -> Payload? {
        let size =
            MemoryLayout<Header>.size + Int(header.tagCount) * 4 + Int(header.keyBytes) + Int(header.valueBytes)
        guard let address = malloc(size) else { return nil }
        address.initializeMemory(as: Header.self, to: header)
        return Payload(address: address)
    }

    func fill(tags: some Collection<UInt32>, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        var next = body
        for tag in tags {
            next.storeBytes(of: tag, as: UInt32.self)
            next += 4
        }
        if let base = key.baseAddress { next.copyMemory(from: base, byteCount: key.count) }
        next += key.count
        if let base = value.baseAddress { next.copyMemory(from: base, byteCount: value.count) }
    }

    func retain() { header.pointee.references += 1 }

    func release() {
        header.pointee.references -= 1
        if header.pointee.references == 0 { free(address) }
    }
}
