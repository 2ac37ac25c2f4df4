/// The blob `content.meta`, little-endian:
///
///      0  check u32      of all that follows, the row, and `content.shared`
///      4  cost u32       milliseconds
///      8  body u64       checksum of key and value, seeded with the row and the database's salt
///     16  created i64
///     24  fresh i64
///     32  expires i64
///     40  uid u32
///     44  tags u32 each
enum ContentRecord {
    static let fixedBytes = 44

    static func size(tags: Int) -> Int { fixedBytes + 4 * tags }

    /// - Parameter target: as many bytes as `size` says.
    static func encode(
        row: Int64, shared: Int64, body: UInt64, payload: Payload, into target: UnsafeMutableRawBufferPointer
    ) {
        let metadata = payload.metadata
        target.storeBytes(of: metadata.costMs.littleEndian, toByteOffset: 4, as: UInt32.self)
        target.storeBytes(of: body.littleEndian, toByteOffset: 8, as: UInt64.self)
        target.storeBytes(of: metadata.created.littleEndian, toByteOffset: 16, as: Int64.self)
        target.storeBytes(of: metadata.fresh.littleEndian, toByteOffset: 24, as: Int64.self)
        target.storeBytes(of: metadata.expires.littleEndian, toByteOffset: 32, as: Int64.self)
        target.storeBytes(of: metadata.uid.littleEndian, toByteOffset: 40, as: UInt32.self)
        var offset = fixedBytes
        for tag in payload.tags {
            target.storeBytes(of: tag.rawValue.littleEndian, toByteOffset: offset, as: UInt32.self)
            offset += 4
        }
        seal(target, row: row, shared: shared)
    }

    static func isSound(_ record: UnsafeRawBufferPointer, row: Int64, shared: Int64) -> Bool {
        guard record.count >= fixedBytes, record.count % 4 == 0 else { return false }
        return UInt32(littleEndian: record.loadUnaligned(as: UInt32.self))
            == check(record, row: row, shared: shared)
    }

    /// - Parameter record: one that `isSound`.
    static func metadata(_ record: UnsafeRawBufferPointer) -> EntryMetadata {
        EntryMetadata(
            created: Int64(littleEndian: record.loadUnaligned(fromByteOffset: 16, as: Int64.self)),
            fresh: Int64(littleEndian: record.loadUnaligned(fromByteOffset: 24, as: Int64.self)),
            expires: Int64(littleEndian: record.loadUnaligned(fromByteOffset: 32, as: Int64.self)),
            costMs: UInt32(littleEndian: record.loadUnaligned(fromByteOffset: 4, as: UInt32.self)),
            uid: UInt32(littleEndian: record.loadUnaligned(fromByteOffset: 40, as: UInt32.self)))
    }

    /// Whether key and value are those of a record that `isSound`.
    /// - Parameter isInTable: it was found by SQLite, and may be of the time before there was a salt.
    static func matches(
        _ record: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer,
        row: Int64, salt: UInt64, isInTable: Bool
    ) -> Bool {
        let body = UInt64(littleEndian: record.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        return body == Checksum.of(key: key, value: value, row: row, salt: salt)
            || isInTable && body == Checksum.of(key: key, value: value, row: row, salt: 0)
    }

    /// The tags in a record that `isSound`.
    static func tags(_ record: UnsafeRawBufferPointer) -> Tags { Tags(record: record) }

    /// Nothing is allocated for them.
    struct Tags: RandomAccessCollection {
        fileprivate let record: UnsafeRawBufferPointer
        var startIndex: Int { 0 }
        var endIndex: Int { (record.count - fixedBytes) / 4 }

        subscript(position: Int) -> TagID {
            let offset = fixedBytes + 4 * position
            return TagID(UInt32(littleEndian: record.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        }
    }

    private static func seal(_ record: UnsafeMutableRawBufferPointer, row: Int64, shared: Int64) {
        record.storeBytes(
            of: check(UnsafeRawBufferPointer(record), row: row, shared: shared).littleEndian,
            as: UInt32.self)
    }

    private static func check(_ record: UnsafeRawBufferPointer, row: Int64, shared: Int64) -> UInt32 {
        let seed = UInt64(bitPattern: row) ^ UInt64(bitPattern: shared).byteSwapped
        return UInt32(
            truncatingIfNeeded: Checksum.of(UnsafeRawBufferPointer(rebasing: record[4...]), seed: seed))
    }
}
